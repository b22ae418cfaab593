# The window that came says that it is not drawn as it was asked for: $SENTENCE, with something in place of the "…".
ax wait "${SENTENCE%%…*}*" 120
tree=$(ax tree)
[[ $tree == *"${SENTENCE##*…}"* ]]
echo "driven: the other renderer"

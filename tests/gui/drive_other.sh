# The window that came says that it is not drawn as it was asked for.
ax wait "The window could not be drawn with wgpu*" 120
echo "driven: the other renderer"

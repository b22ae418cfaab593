# What a person would do first: wait for the image, go to the noise with the mouse, on by one step with a key.
ax wait "step 32/32" 120
read -r x y < <(ax middle "First step")
xdotool mousemove "$x" "$y" click 1
ax wait "step 0/32"
xdotool mousemove 640 10
xdotool key --window "$WINDOW" Right
ax wait "step 1/32"
ax press "Menu"
ax wait "Colours*"
xdotool key --window "$WINDOW" Escape
# Something was drawn: a blank window has one colour.
import -window root "$XDG_RUNTIME_DIR/shot.png"
colours=$(identify -format %k "$XDG_RUNTIME_DIR/shot.png")
[ "$colours" -gt 1000 ] || { echo "only $colours colours on the screen"; exit 1; }
echo "driven: $colours colours"

# The layout for spectra: the heat map of the run, then samples measured beside it.
ax wait "step 32/32" 120
ax wait "PSD of*" 60
import -window root "$XDG_RUNTIME_DIR/before.png"
ax press "Measure"
# Batches double from one: 1, 2, 4 are whole.
ax wait "7 samples" 180
ax press "Stop measuring"
ax wait "Add samples" 60
import -window root "$XDG_RUNTIME_DIR/shot.png"
# The heat map lies at the foot of the tracks, left of the panel.
map=$(convert "$XDG_RUNTIME_DIR/before.png" -crop 560x90+200+570 +repage -format %k info:)
[ "$map" -gt 30 ] || { echo "only $map colours in the heat map"; exit 1; }
colours=$(identify -format %k "$XDG_RUNTIME_DIR/shot.png")
[ "$colours" -gt 1000 ] || { echo "only $colours colours on the screen"; exit 1; }
echo "driven: $colours colours, $map in the heat map"

# Asked to end by a signal, the window closes as by its button: what is to be kept is written once more.
ax wait "step 32/32" 120
kept=$CHROMASCOPE_CONFIG/window.json
rm -f "$kept"
kill -TERM "$APP"
for _ in $(seq 600); do
    # Its parent does not ask for its end, so that it stays as a zombie.
    grep -qs '^State:.*[RSD] (' "/proc/$APP/status" || break
    sleep 0.05
done
! grep -qs '^State:.*[RSD] (' "/proc/$APP/status" || { echo "the window stays open"; exit 1; }
grep -q '"recent"' "$kept"
echo "driven: closed by a signal"

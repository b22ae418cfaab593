# Two commands; each sets up what it needs, says what it does, and may be repeated.
.PHONY: run test screens

run:
	@tools/run.sh

test:
	@tools/test.sh

# The pictures of docs/screens, from the real window.
screens:
	@tools/window/screens.sh

# Two commands; each sets up what it needs, says what it does, and may be repeated.
.PHONY: run test

run:
	@tools/run.sh

test:
	@tools/test.sh

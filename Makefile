# Two commands do everything: `make run` and `make test`. The rest are conveniences of the same set-up.
PYTHON ?= $(shell command -v python3 || command -v python3.13 || command -v python3.12 || command -v python3.11 || command -v python3.10)
BOOTSTRAP = @$(PYTHON) bot/bootstrap.py

.PHONY: run test check fault screen ask evaluate bench bench-queue texts encoder screen-model code anlu lock

run:            ## the whole service with the embedded store, phone simulator and console
	$(BOOTSTRAP) run

test:           ## the tests, on the lowest supported Python and the newest here (ARGS="-k words" narrows)
	$(BOOTSTRAP) test $(ARGS)

check:          ## style, types and import rules
	$(BOOTSTRAP) check

fault:          ## kills, fills and cuts off the store under load, in the long form (ARGS="failover --cries 2000")
	$(BOOTSTRAP) fault $(ARGS)

screen:         ## one message a line in, one JSON object a line out: the distress screen alone (MODEL=off: words only)
	$(BOOTSTRAP) screen $(if $(filter off,$(MODEL)),--no-model)

ask:            ## one message a line in, one JSON object a line out: the whole path with the dialogue engine
	$(BOOTSTRAP) ask

evaluate:       ## how well people are understood, on the frozen sets (ARGS="--misses --plot picture.svg")
	$(BOOTSTRAP) evaluate $(ARGS)

bench:          ## how long the screen and the engine's understanding take for one message, on one core
	$(BOOTSTRAP) bench

bench-queue:    ## referrals claimed and finished a second, and operations with 1, 1,000 and 100,000 waiting
	$(BOOTSTRAP) bench-queue $(ARGS)

texts:          ## what the training texts are worth: counts, near-duplicates, moulds
	$(BOOTSTRAP) texts

encoder:        ## fine-tunes the sentence encoder anew (about an hour and a half; needs PyTorch)
	$(BOOTSTRAP) encoder $(ARGS)

screen-model:   ## the screen's cues, reader and balance anew from its texts (about an hour; after `make encoder`)
	$(BOOTSTRAP) screen-model

code:           ## the first counsellor's sign-in code of the moment
	$(BOOTSTRAP) code

anlu:           ## any other command: make anlu ARGS="doctor"
	$(BOOTSTRAP) $(ARGS)

lock:           ## writes the hash-locked requirements anew (needs uv)
	uv pip compile -q pyproject.toml --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements/app.txt
	uv pip compile -q pyproject.toml --extra dev --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-annotate --no-header -c requirements/app.txt -o requirements/dev.txt
	uv pip compile -q requirements/rasa.in --python-platform x86_64-manylinux_2_28 --python-version 3.10 --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements/rasa.txt

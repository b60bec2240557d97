# The commands of the recipe. `make run_workflow` and `make test` need git, make, npm and any Node from 20 on.

.DEFAULT_GOAL := help
INSTALLED := node_modules/.installed
UNDERSTUDY := ./understudy

help: ## this list
	@grep -hE '^[a-z_]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 24

# Not `npm ci`: it refuses a lock file without the packages of other systems, which not every registry hands out (decisions/0007).
$(INSTALLED): package.json package-lock.json .npmrc
	npm install --no-save --loglevel=error
	@touch $@

install: $(INSTALLED) ## install the packages

run_workflow: $(INSTALLED) ## keep the model valid for one month (EVALUATION_START_DATE)
	@$(UNDERSTUDY) cycle

replay: $(INSTALLED) ## play January to June 2015 again, beside the real model
	@$(UNDERSTUDY) replay --from 2015-01 --to 2015-06

run_preprocess: $(INSTALLED) ## clean the rows before the month and compute their features
	@$(UNDERSTUDY) preprocess

run_train: $(INSTALLED) ## train a version on them and put it in Staging
	@$(UNDERSTUDY) train

run_evaluate: $(INSTALLED) ## measure Production on the year before the month
	@$(UNDERSTUDY) evaluate

run_pred: $(INSTALLED) ## predict the example
	@$(UNDERSTUDY) predict

test: $(INSTALLED) ## set up and check everything: format, lint, types, dead exports, floors, tests
	npm run --silent check

bench: $(INSTALLED) ## seconds and peak memory of every step
	@$(UNDERSTUDY) --node benchmarks/cycle.ts

clean: ## remove what was installed; runs and models stay
	rm -rf node_modules coverage

.PHONY: help install run_workflow replay run_preprocess run_train run_evaluate run_pred test bench clean

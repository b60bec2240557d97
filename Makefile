# The commands of the recipe. They need git, make, npm and any Node from 20 on.

.DEFAULT_GOAL := default
INSTALLED := node_modules/.installed
UNDERSTUDY := ./understudy
KITT_OUTPUT ?= tests/lifecycle/test_output.txt

default: # without a target: what test_kitt found last
	@if [ -s "$(KITT_OUTPUT)" ]; then cat "$(KITT_OUTPUT)"; else printf '%s\n' \
		'There is no $(KITT_OUTPUT) yet.' \
		'  make test_kitt      checks this project and writes it' \
		'  make help           lists every target' \
		'  make run_workflow   keeps the model valid for one month'; fi

help: ## this list
	@grep -hE '^[a-z_]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 24

# Not `npm ci`: it refuses a lock file without the packages of other systems, which not every registry hands out (decisions/0007).
$(INSTALLED): package.json package-lock.json .npmrc
	npm install --no-save --loglevel=error
	npm run --silent build
	@touch $@

install: $(INSTALLED) ## install the packages

reinstall_package: ## install the packages anew
	rm -rf node_modules
	@$(MAKE) --no-print-directory install

run_workflow: $(INSTALLED) ## keep the model valid for one month (EVALUATION_START_DATE)
	@$(UNDERSTUDY) cycle

replay: $(INSTALLED) ## play January to June 2015 again, beside the real model
	@$(UNDERSTUDY) replay --from 2015-01 --to 2015-06

run_preprocess: $(INSTALLED) ## clean the rows before the month and compute their features
	@$(UNDERSTUDY) preprocess

run_train: $(INSTALLED) ## train a version on them and put it in Staging
	@$(UNDERSTUDY) train

tune: $(INSTALLED) ## search for better settings of the first of TRAINERS
	@$(UNDERSTUDY) tune

run_server: $(INSTALLED) ## serve experiments, models and predictions over HTTP, by MLflow's interface
	@$(UNDERSTUDY) server

run_pred: $(INSTALLED) ## predict the example with Production
	@$(UNDERSTUDY) predict

run_evaluate: $(INSTALLED) ## measure Production on the year before the month
	@$(UNDERSTUDY) evaluate

# What is trained here waits in Staging, and it is what is asked and measured: nothing need be in Production yet.
run_all: $(INSTALLED) ## preprocess, train, then predict with what was trained and measure it
	@$(UNDERSTUDY) preprocess
	@$(UNDERSTUDY) train
	@$(UNDERSTUDY) predict --stage Staging
	@$(UNDERSTUDY) evaluate --stage Staging

show_sources_all: $(INSTALLED) ## the files and tables there are, and what a bucket or a data set would need
	@$(UNDERSTUDY) sources

reset_local_files: $(INSTALLED) ## remove processed tables and training_outputs; registry, decisions and history stay
	@$(UNDERSTUDY) reset local

reset_bq_files: $(INSTALLED) ## the same in BigQuery
	@$(UNDERSTUDY) reset bq

reset_gcs_files: $(INSTALLED) ## the same in Google Cloud Storage
	@$(UNDERSTUDY) reset gcs

reset_all_files: $(INSTALLED) ## all three
	@$(UNDERSTUDY) reset all

test: $(INSTALLED) ## set up and check everything: format, lint, types, dead exports, floors, tests
	npm run --silent python
	npm run --silent check

test_full: $(INSTALLED) ## the same with what takes minutes
	npm run --silent python
	UNDERSTUDY_TEST_FULL=1 npm run --silent check

test_kitt: $(INSTALLED) ## check settings and registry as the recipe's tests do; make alone shows it again
	-@$(UNDERSTUDY) doctor kitt > "$(KITT_OUTPUT)" 2>&1 || true
	@cat "$(KITT_OUTPUT)"
	@printf '\n%s\n' 'To hand it in: git add $(KITT_OUTPUT); git commit -m "test output"; git push'

test_mlflow_config: $(INSTALLED) ## check the settings of experiments and models
	@$(UNDERSTUDY) doctor mlflow

test_prefect_config: $(INSTALLED) ## check the settings of the flow
	@$(UNDERSTUDY) doctor prefect

test_gcp_setup: $(INSTALLED) ## check the settings of Google's cloud
	@$(UNDERSTUDY) doctor gcp

bench: $(INSTALLED) ## seconds and peak memory of every step
	@$(UNDERSTUDY) --node benchmarks/cycle.ts

clean: ## remove what was installed and what tools left behind; runs and models stay
	rm -rf node_modules build coverage dist tests/golden/__pycache__ .pytest_cache

.PHONY: default help install reinstall_package run_workflow replay run_preprocess run_train tune run_pred run_evaluate run_all run_server \
	show_sources_all reset_local_files reset_bq_files reset_gcs_files reset_all_files test test_full test_kitt \
	test_mlflow_config test_prefect_config test_gcp_setup bench clean

.DEFAULT_GOAL := help
.PHONY: help demo test model check fix lock image bench

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile

demo: ## gateway, both sandboxes and the demo shop; prints their addresses
	@scripts/install
	@.venv/bin/decision-proxy demo $(ARGS)

test: ## the whole test suite; ARGS go to pytest
	@scripts/test $(ARGS)

model: ## many steps through the model of the cache: make model STEPS=200000
	@scripts/model $(STEPS)

check: ## layout, lint, types, layers, spelling
	@scripts/check

fix: ## mend what a machine can mend
	@scripts/fix

lock: ## resolve the dependencies anew
	@scripts/lock

image: ## build the container image
	@scripts/image

bench: ## measure the gateway against nginx, Varnish, Fastify, …; ONLY=hits,misses ROUNDS=1
	@scripts/bench $(if $(ONLY),--only $(ONLY)) $(if $(ROUNDS),--rounds $(ROUNDS))

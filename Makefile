# Everything that one does with a clone of porter. `make` lists the targets.
# Needs python3 (3.10 or later), git and make; the rest is put into .venv, anew whenever pyproject.toml changes.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
SHELL := /bin/sh

OLDEST := 3.10
VENV := .venv
VERIFY := .venv-verify
OLDER := .venv-older
OLDER_TORCH := 2.4.1
MINDSPORE := .venv-mindspore
MINDFORMERS := .venv-mindformers
E2E := .venv-e2e
PYTHON := $(VENV)/bin/python
PIP := -m pip --disable-pip-version-check -qq install
NEW_ENOUGH := import sys; sys.exit(sys.version_info < tuple(map(int, "$(OLDEST)".split("."))))

DEMO := fixtures/chatglm2-6b/in
DEMO_PORT := demo/chatglm2-6b_mlu
DEMO_CHECKS := static import forward train-step

# A venv is made by the first python3 that is new enough; where it cannot bring pip itself (Debian without
# python3-venv), the pip of that python3 puts one into it.
define new_venv
@for python in $(if $(BASE_PYTHON),"$(BASE_PYTHON)",python3 python3.14 python3.13 python3.12 python3.11 python3.10); do \
	"$$python" -c '$(NEW_ENOUGH)' >/dev/null 2>&1 && break; python=; \
done; \
if [ -z "$$python" ]; then \
	echo "porter needs Python $(OLDEST) or later and this machine has $$(python3 --version 2>/dev/null || echo none); install one, or name it: make BASE_PYTHON=/path/to/python3." >&2; exit 1; \
fi; \
echo "Making $(1) with $$("$$python" --version)"; \
rm -rf "$(1)"; \
if "$$python" -c 'import ensurepip' 2>/dev/null; then "$$python" -m venv "$(1)"; else \
	"$$python" -m venv --without-pip "$(1)" && "$$python" -m pip --python "$(1)/bin/python" -qq install pip || { \
	echo "$$python can make no virtual environment; install its venv package (on Debian: apt install python3-venv)." >&2; exit 1; }; \
fi
endef

.PHONY: help demo test test-sim test-older test-mindspore test-mindformers test-e2e reports lint format bench mutants clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.porter $(VERIFY)/.sim ## Port a fixture to mlu, run the port on a simulated device, and say where all of it is
	@rm -rf $(DEMO_PORT) && mkdir -p $(dir $(DEMO_PORT))
	@echo "Porting $(DEMO) to mlu"
	@$(VENV)/bin/porter migrate $(DEMO) --target mlu --out $(DEMO_PORT) --quiet || [ $$? -eq 1 ]
	@echo "Running the port beside its original on a simulated mlu"
	@$(VERIFY)/bin/porter verify $(DEMO_PORT) --original $(DEMO) --device sim $(DEMO_CHECKS:%=--only %)
	@echo "The port is in       $(DEMO_PORT)"
	@echo "Its report is        $(DEMO_PORT)/report.md"
	@echo "Its checks are in    $(DEMO_PORT)/verify"

test: $(VENV)/.dev ## Run all tests
	@$(PYTHON) -m pytest -n auto --ignore tests/sim --ignore tests/harness --ignore tests/mindspore --ignore tests/mindformers --ignore tests/e2e $(ARGS)

test-sim: $(VERIFY)/.sim ## Run the tests of the simulated accelerator and of porter verify (installs torch)
	@CI=1 $(VERIFY)/bin/python -m pytest -n 2 --dist loadfile tests/sim tests/harness $(ARGS)

test-older: $(VERIFY)/.sim $(OLDER)/.torch ## Run the simulated accelerator on an older torch (downloads 800 MB)
	@TORCH_USE_RTLD_GLOBAL=1 $(VERIFY)/bin/python -m porter.sim.run --target npu --devices 2 --python $(OLDER)/bin/python \
		-m pytest -q -p no:cacheprovider -W ignore tests/sim/inside $(ARGS)

# Two Pythons, as a user has them: porter and torch in one, MindSpore with numpy 1 in the other.
test-mindspore: $(VERIFY)/.sim $(MINDSPORE)/.mindspore ## Run the tests of the target mindspore (installs torch and MindSpore)
	@CI=1 MINDSPORE_PYTHON=$(CURDIR)/$(MINDSPORE)/bin/python $(VERIFY)/bin/python -m pytest tests/mindspore $(ARGS)

# Not part of CI, for its size and its minutes.
test-mindformers: $(VERIFY)/.sim $(MINDFORMERS)/.mindformers ## Run the tests with MindFormers itself (installs 3.4 GB)
	@CI=1 MINDFORMERS_PYTHON=$(CURDIR)/$(MINDFORMERS)/bin/python $(VERIFY)/bin/python -m pytest tests/mindformers $(ARGS)

test-e2e: $(E2E)/.e2e ## Run FastChat and web demos, ported, as people run them (installs 2.1 GB; needs chromium)
	@CI=1 OMP_NUM_THREADS=1 $(E2E)/bin/python -m pytest tests/e2e $(ARGS)

reports: $(VENV)/.porter ## Make the reports of the fixtures and the generated pages of docs/ anew
	@$(PYTHON) reports/regenerate.py
	@$(PYTHON) docs/generate.py

lint: $(VENV)/.dev ## Check style and types
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy

format: $(VENV)/.dev ## Bring the code into shape
	@$(PYTHON) -m ruff check --fix .
	@$(PYTHON) -m ruff format .

bench: $(VENV)/.bench ## Compare porter's speed with three other ways (downloads transformers 4.29.1)
	@$(PYTHON) bench/speed.py --download $(ARGS)

mutants: $(VERIFY)/.sim ## Put bugs into the fixtures' ports and count how many porter verify sees (an hour)
	@OMP_NUM_THREADS=1 $(VERIFY)/bin/python bench/mutations/run.py $(ARGS)

clean: ## Remove all that was made here
	rm -rf $(VENV) $(VERIFY) $(OLDER) $(MINDSPORE) $(MINDFORMERS) $(E2E) demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.porter: pyproject.toml
	$(call new_venv,$(VENV))
	@echo "Installing porter into $(VENV)"
	@$(PYTHON) $(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.porter
	@echo "Installing what the tests and linters need"
	@$(PYTHON) $(PIP) --editable '.[dev]'
	@touch $@

$(VENV)/.bench: $(VENV)/.porter
	@echo "Installing what the benchmark needs"
	@$(PYTHON) $(PIP) --editable '.[bench]'
	@touch $@

# torch goes first and by version, so that the simulated device is tested with the same one everywhere.
$(VERIFY)/.sim: pyproject.toml
	$(call new_venv,$(VERIFY))
	@echo "Installing torch and porter into $(VERIFY)"
	@$(VERIFY)/bin/python $(PIP) 'torch==2.13.0'
	@$(VERIFY)/bin/python $(PIP) --editable '.[verify,mindspore]' 'hypothesis>=6.100' 'pytest-xdist>=3.5'
	@touch $@

$(MINDSPORE)/.mindspore: rules/mindspore/target.yaml
	$(call new_venv,$(MINDSPORE))
	@echo "Installing MindSpore into $(MINDSPORE): 0.9 GB to download, 2.8 GB on the disk"
	@$(MINDSPORE)/bin/python $(PIP) 'mindspore==2.9.0' 'numpy<2'
	@touch $@

$(MINDFORMERS)/.mindformers: rules/mindspore/target.yaml
	$(call new_venv,$(MINDFORMERS))
	@echo "Installing MindFormers into $(MINDFORMERS): 1.4 GB to download, 3.4 GB on the disk"
	@$(MINDFORMERS)/bin/python $(PIP) 'mindformers==1.9.0' 'numpy<2'
	@touch $@

# The last versions that this FastChat, gradio 3 and each other work with; torch first, or pip takes one with CUDA.
$(E2E)/.e2e: Makefile pyproject.toml
	$(call new_venv,$(E2E))
	@echo "Installing FastChat, gradio and streamlit into $(E2E)"
	@$(E2E)/bin/python $(PIP) 'torch==2.13.0'
	@$(E2E)/bin/python $(PIP) 'fschat[model_worker]==0.2.36' 'transformers==4.41.2' 'accelerate==0.34.2' 'peft==0.11.1' \
		'gradio==3.41.0' 'streamlit==1.40.2' 'fastapi<0.112' 'pydantic<2' 'numpy<2' 'pyarrow<20' mdtex2html jsonlines
	@$(E2E)/bin/python $(PIP) --editable '.[serving]' 'pytest>=8' 'hypothesis>=6.100' 'psutil>=5.9' 'selenium>=4.20'
	@touch $@

# An older torch comes with CUDA; what it needs of CUDA to start is small, and empty libraries stand for the rest.
$(OLDER)/.torch: Makefile tests/sim/without_cuda.py
	$(call new_venv,$(OLDER))
	@echo "Installing torch $(OLDER_TORCH) into $(OLDER)"
	@$(OLDER)/bin/python $(PIP) --no-deps 'torch==$(OLDER_TORCH)' 'nvidia-cuda-runtime-cu12==12.1.105' 'nvidia-nvtx-cu12==12.1.105'
	@$(OLDER)/bin/python $(PIP) 'numpy<2' 'sympy<1.14' 'hypothesis>=6.100' filelock fsspec jinja2 networkx pytest typing_extensions
	@$(OLDER)/bin/python tests/sim/without_cuda.py
	@touch $@

# Short names for the sessions of noxfile.py (`make sessions` lists them). See CONTRIBUTING.md.
#   make test STAGES="units docs"           only these stages; TARGETS="modules role": only these integration targets
#   make test CORE="2.16 2.22"              on these ansible-cores what depends on them; `pinned` is the usual one
#   make unit ARGS="-x tests/unit/plugins"  pytest with these arguments
#   make bench ARGS="--quick"               measure small works, once; without ARGS everything, into docs/
#   make version VERSION=1.3.0              the version that is released next, in every place that names it
#   make release VERSION=1.2.3              version, changelog, commit and tag

# pyenv's shims answer for versions that are not selected, and then fail. Its versions have folders of their own.
WITHOUT_SHIMS := $(shell echo "$$PATH" | sed 's#[^:]*/shims:##g')
export PATH := $(WITHOUT_SHIMS)$(shell printf ':%s' "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/*/bin)
PYTHON := $(shell PATH="$(PATH)"; for name in python3.12 python3.13 python3.14 python3.11 python3.10; do \
	"$$name" -c 'import ensurepip, venv' 2>/dev/null && echo "$$name" && break; done)
NOX = exec "$(realpath .work)/nox/bin/python" -m nox
CORE = pinned
STAGES = integration units sanity $(if $(filter pinned,$(core)),lint docs page)
SESSIONS = $(foreach core,$(CORE),$(addsuffix $(addprefix -,$(filter-out pinned,$(core))),$(STAGES)))
LEFTOVERS = .ansible .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache .venv collections tests/output

.PHONY: bench check clean demo lint release sessions test unit version

demo lint: .work/nox/installed
	@$(NOX) -s $@

check: .work/nox/installed
	@$(NOX) -j 2 -s quick lint

test: .work/nox/installed
	@$(NOX) $(if $(word 2,$(SESSIONS)),-j 3) -s $(SESSIONS)

unit bench: .work/nox/installed
	@$(NOX) -s $@ -- $(ARGS)

release version: .work/nox/installed
	@$(if $(VERSION),$(NOX) -s $@ -- "$(VERSION)",echo "Name the version: make $@ VERSION=1.2.3" >&2; exit 2)

sessions: .work/nox/installed
	@$(NOX) -l

# What is left in .work of something else would be taken for environments: it goes.
# Some tools cannot bear spaces and the like in a path, nor a very long path: then .work is a link to a folder in /tmp.
.work/nox/installed: requirements-nox.txt
	@$(if $(PYTHON),,echo "This needs one of Python 3.10 to 3.14 with its venv module." >&2; exit 2)
	@[ -e .work/nox ] || rm -rf .work
	@[ -d .work ] || { [ $${#PWD} -le 80 ] && expr "$$PWD" : '[A-Za-z0-9_./+-]*$$' >/dev/null && mkdir .work; } \
		|| ln -sfn "$$(mktemp -d /tmp/adverity-management-XXXXXX)" .work
	@cp requirements-nox.txt .work && cd -P .work && $(PYTHON) -m venv --clear nox \
		&& nox/bin/python -m pip install -qq --disable-pip-version-check -r requirements-nox.txt && touch nox/installed

clean:
	@rm -rf "$$(readlink -f .work)" .work $(LEFTOVERS)
	@find playbooks plugins roles tests -name __pycache__ -prune -exec rm -rf {} +

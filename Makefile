# What a developer types: `make check` in between, `make test` before a pull request. All of it is in tests/driver; see CONTRIBUTING.md.
#   make test STAGES="units coverage"      only these stages
#   make test CORE=2.19 PYTHON=3.11        another ansible-core, on that Python; TARGETS="modules role" only these integration targets
#   make test-matrix CORES="2.16 2.18"     only these of the matrix; it takes TARGETS, too
#   make unit ARGS="-x tests/unit/plugins" pytest with these arguments
#   make bench ARGS="--quick"              measure small works, once; without ARGS everything, into docs/
#   make version VERSION=1.3.0             the version that is released next, in every place that names it
#   make release VERSION=1.2.3             version, changelog, commit and tag

# The first Python that really starts: pyenv's shims may answer for one that is not selected.
STARTER := $(shell for name in python3 python3.12 python3.13 python3.11 python3.10 python3.9; do \
	"$$name" -c '' 2>/dev/null && echo "$$name" && break; done)
DRIVER := $(or $(STARTER),python3) -B tests/driver

.PHONY: bench check demo release test test-matrix lint unit version clean

demo:
	@$(DRIVER) demo

test:
	@$(DRIVER) test $(if $(CORE),--core "$(CORE)" $(if $(PYTHON),--python "$(PYTHON)")) $(if $(TARGETS),--targets "$(TARGETS)") $(STAGES)

test-matrix:
	@$(DRIVER) matrix $(if $(TARGETS),--targets "$(TARGETS)") $(CORES)

check:
	@$(DRIVER) check

lint:
	@$(DRIVER) test lint

unit:
	@$(DRIVER) unit $(if $(ARGS),-- $(ARGS))

bench:
	@$(DRIVER) bench $(if $(ARGS),-- $(ARGS))

release version:
	@$(if $(VERSION),$(DRIVER) $@ "$(VERSION)",echo "Name the version: make $@ VERSION=1.2.3" >&2; exit 2)

clean:
	@$(DRIVER) clean

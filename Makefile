# Needs a JDK 17 or newer, Maven, Python 3.10 or newer with venv, and make. Everything else is installed into .venv.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
.NOTPARALLEL:
.DEFAULT_GOAL := help

PYTHON ?= python3
MVN ?= mvn -B -ntp
export UV_PYTHON_DOWNLOADS := never

BIN := .venv/bin
READY := .venv/.ready
JEP := .venv/.jep
JEP_VERSION := 4.3.2
JAR := python/src/mortmain/mortmain.jar
JAVA_SOURCES := pom.xml java-core/pom.xml .mvn/jvm.config $(shell find java-core/src/main -type f)
ADAPTERS := $(patsubst %/pyproject.toml,%,$(wildcard adapters/*/pyproject.toml))

.PHONY: help repro sabotage mutation fuzz test test-java test-python test-adapters two-frameworks langgraph-server $(ADAPTERS) check lint wheel bench jar clean constraints

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1	\2/p' Makefile | expand -t 16

repro: $(READY) $(JAR) ## run every claim of the README through the real gateway
	$(BIN)/python repro/run.py

SABOTAGE_OPTIONS ?=
sabotage: $(READY) ## break one guard after the other in a copy of the tree; what the tests caught and missed (SABOTAGE_OPTIONS="--only NAME")
	MVN="$(MVN)" $(BIN)/python repro/sabotage/sabotage.py $(SABOTAGE_OPTIONS)

mutation: $(READY) ## change the rules of the protocol bytecode by bytecode; what their tests do not notice must be explained
	$(MVN) -q -pl java-core -Pmutation test-compile org.pitest:pitest-maven:mutationCoverage
	$(BIN)/python repro/sabotage/mutation.py

FUZZ_SECONDS ?= 600
DEPENDENCY_PLUGIN := org.apache.maven.plugins:maven-dependency-plugin:3.8.1
fuzz: ## coverage-guided fuzzing of the frame codec and of recovery (FUZZ_SECONDS=600 each); what it finds becomes a file in java-core/src/test/resources/fuzz
	$(MVN) -q -pl java-core -Pfuzz test-compile $(DEPENDENCY_PLUGIN):build-classpath -Dmdep.outputFile=target/fuzz.classpath
	cd java-core; classpath=target/classes:target/test-classes:$$(cat target/fuzz.classpath); \
	for target in gateway.frame.FrameFuzz journal.RecoveryFuzz; do \
	  java -cp $$classpath mortmain.$${target}Test target/fuzz/$$target; \
	  java -cp $$classpath com.code_intelligence.jazzer.Jazzer --target_class=mortmain.$$target \
	    --instrumentation_includes='mortmain.**' --reproducer_path=target/fuzz \
	    -artifact_prefix=target/fuzz/ -max_total_time=$(FUZZ_SECONDS) target/fuzz/$$target; \
	done

test: test-java test-python test-adapters ## everything that CI runs

test-java: ## the Java tests and the specifications
	$(MVN) verify

test-python: lint $(READY) $(JEP) $(JAR) ## lint, types and tests of the Python client
	cd python && ../$(BIN)/python -m pytest

test-adapters: $(ADAPTERS) two-frameworks ## the tests of every adapter

# One environment per adapter and per end of the supported range: each constraints-*.txt is one end.
$(ADAPTERS): $(READY) $(JAR)
	@cd $@; for pins in constraints-*.txt; do \
	  [ -e "$$pins" ] || { echo "$@ has no constraints-*.txt" >&2; exit 1; }; \
	  end=$${pins#constraints-}; env=.venv-$${end%.txt}; \
	  echo "== $@ ($${end%.txt})"; \
	  [ -x $$env/bin/python ] || ../../$(BIN)/uv venv -q --seed --python ../../$(BIN)/python $$env; \
	  ../../$(BIN)/uv pip install -q --python $$env/bin/python -c $$pins -e ../../python -e '.[test]'; \
	  if [ $@ = adapters/langgraph ]; then $(call install_jep,$$env/bin/python,../../$(BIN)/uv); fi; \
	  $$env/bin/python -m pytest -q; \
	done
	$(BIN)/ruff check $@
	@cd $@; ../../$(BIN)/mypy --python-executable .venv-newest/bin/python

two-frameworks: $(READY) $(JAR) ## a LangGraph graph and an OpenAI agent share one plan, in an environment of their own
	@cd repro/two_frameworks; [ -x .venv/bin/python ] || ../../$(BIN)/uv venv -q --seed --python ../../$(BIN)/python .venv; \
	../../$(BIN)/uv pip install -q --python .venv/bin/python -c constraints.txt \
	  -e ../../python -e ../../adapters/langgraph -e ../../adapters/openai-agents; \
	.venv/bin/python ../run.py two_frameworks

# LangGraph's server brings 80 packages and has a licence of its own, so that it is no part of the tests.
langgraph-server: $(READY) $(JAR) ## `langgraph dev` on MortmainSaver and MortmainStore, in an environment of its own
	@cd repro/langgraph_server; [ -x .venv/bin/python ] || ../../$(BIN)/uv venv -q --seed --python ../../$(BIN)/python .venv; \
	../../$(BIN)/uv pip install -q --python .venv/bin/python -c constraints.txt \
	  -e ../../python -e ../../adapters/langgraph 'langgraph-cli[inmem]'; \
	.venv/bin/python ../run.py langgraph_server

# Java and Python side by side. Without the JVM's second compiler, which costs short programs more than it gives.
QUICKLY := -DexcludedGroups='slow | interleavings' -Dinterleavings.skip=true -Dmortmain.quick=true -DargLine=-XX:TieredStopAtLevel=1
check: lint $(READY) $(JAR) ## the fast loop: lint, most tests of Java and Python; not the slow ones, interleavings, specs, jep, adapters
	@mkdir -p target; log=target/check-java.log; \
	$(MVN) -q test -pl java-core $(QUICKLY) > $$log 2>&1 & java=$$!; \
	trap 'kill $$java 2>/dev/null || :' EXIT; \
	python=0; (cd python; ../$(BIN)/python -m pytest -q -m 'not slow' -n 2) || python=$$?; \
	wait $$java || { cat $$log; echo "the Java tests failed: $$log" >&2; exit 1; }; \
	exit $$python

lint: $(READY)
	$(BIN)/ruff check python repro
	cd python && ../$(BIN)/mypy

wheel: $(READY) $(JAR) ## the wheels of all distributions into dist/
	mkdir -p dist
	for project in python $(ADAPTERS); do $(BIN)/uv build -q --wheel --out-dir dist $$project; done
	ls -l dist

BENCH_OPTIONS ?=
bench: $(READY) $(JAR) ## the benchmark programs: a table and a picture in target/bench (BENCH_OPTIONS=--quick: 3 minutes)
	$(BIN)/uv pip install -q --python $(BIN)/python -r repro/bench/constraints.txt
	$(BIN)/uv pip install -q --python $(BIN)/python -c adapters/langgraph/constraints-newest.txt -e 'adapters/langgraph[sqlite]'
	$(BIN)/python repro/bench/run.py $(BENCH_OPTIONS)

jar: $(JAR) ## build mortmain.jar and put it where the Python package looks for it

# Renamed into place: a gateway that runs has the old file mapped.
$(JAR): $(JAVA_SOURCES)
	$(MVN) -q -pl java-core package -Dmaven.test.skip=true
	cp java-core/target/mortmain.jar $@.new
	mv $@.new $@
	touch $@

$(READY): python/pyproject.toml python/hatch_build.py python/constraints-dev.txt
	[ -x $(BIN)/uv ] || { $(PYTHON) -m venv .venv && $(BIN)/python -m pip install -q uv; }
	$(BIN)/uv pip install -q --python $(BIN)/python -r python/constraints-dev.txt -e python
	touch $@

# jep is compiled against the JDK and the libpython that are here (once: the wheel is cached). Where one is missing its
# tests skip and say so.
define install_jep
if ! command -v javac >/dev/null || ! command -v cc >/dev/null; then \
  echo "jep is left out: it needs a JDK (javac) and a C compiler (cc)"; \
elif ! $(1) -c 'import sys, sysconfig; sys.exit(not sysconfig.get_config_var("Py_ENABLE_SHARED"))'; then \
  echo "jep is left out: this Python has no shared libpython"; \
else \
  echo "== jep $(JEP_VERSION)"; \
  JAVA_HOME=$${JAVA_HOME:-$$(dirname "$$(dirname "$$(readlink -f "$$(command -v javac)")")")} \
    $(2) pip install -q --python $(1) jep==$(JEP_VERSION); \
fi
endef

$(JEP): $(READY)
	@$(call install_jep,$(BIN)/python,$(BIN)/uv)
	@touch $@

constraints: $(READY) ## resolve the pinned development tools anew
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.10 --no-annotate \
	  --custom-compile-command "make constraints" python/requirements-dev.in -o python/constraints-dev.txt
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.10 --no-annotate \
	  --custom-compile-command "make constraints" repro/bench/requirements.in -o repro/bench/constraints.txt

clean: ## remove what was built, environments included
	rm -rf .venv dist target java-core/target specs/target $(JAR) adapters/*/.venv-* repro/two_frameworks/.venv repro/langgraph_server/.venv

# FluxLoop. The targets that matter: all deps demo check check-san check-kill
# check-faults check-scale check-neon check-yaml fuzz lint bench deb check-deb install
# uninstall clean. CFLAGS, LDFLAGS, PREFIX and DESTDIR are the user's.

VERSION = 0.1.0
PREFIX = /usr/local
BUILD = build
CC = gcc
CFLAGS = -O2 -g
LDFLAGS =
PYTHON = python3

# The rooms of lib/ in layer order: a room includes only what stands before it.
ROOMS = base json io net yaml record config generate run experiment trace evaluate \
	format label parse report import llm http
LIB = $(foreach r,$(ROOMS),$(sort $(wildcard lib/$r/*.c)))
PROGS = fl-yaml fl-config fl-record-extract fl-generate fl-run fl-collect \
	fl-status fl-parse fl-import fl-doctor fl-evaluate fl-sample fl-diff \
	fl-report fl-label fl-llm fl-http
# Those that use a network, and are linked to libcurl.
NET_PROGS = fl-llm fl-http
STD = -std=c11 -D_XOPEN_SOURCE=700 -D_FILE_OFFSET_BITS=64 -Ilib -I$(BUILD)/gen
WARN = -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wvla \
	-Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith
LIBS = -Wl,--as-needed -lyaml -lpcre2-8 -lm -pthread

LIB_OBJ = $(LIB:%.c=$(BUILD)/obj/%.o)
PAGE_PARTS = $(foreach p,page list report,$(BUILD)/gen/$p.css.inc \
	$(BUILD)/gen/$p.js.inc)
BINS = $(PROGS:%=$(BUILD)/bin/%) $(BUILD)/bin/fluxloop \
	$(BUILD)/bin/fl-format-tsv
# For bash, zsh and fish; build/completion/NAME is for the programs in PROGS.
COMPLETIONS = $(patsubst lib/%,$(BUILD)/%,$(wildcard lib/completion/*))
C_FILES = $(LIB) $(PROGS:%=bin/%.c)
SCRIPTS = $(BUILD)/lint/gcc/bin/fluxloop bin/fl-format-tsv \
	$(wildcard pipelines/*.sh tests/*.sh tests/*/*.sh lib/packaging/*.sh) \
	lib/completion/fluxloop lib/format/embed.sh \
	lib/python/native/build.sh .ci/run
# The accelerator of the Python package. It is built if the headers of Python are there.
FAST = $(BUILD)/lib/fluxloop/_fast.abi3.so
MANS = $(wildcard man/*.[1-8])
PY_FILES = lib/python/pyproject.toml lib/python/backend/fluxloop_build.py \
	$(wildcard lib/python/fluxloop/*.py)
NODE_FILES = $(addprefix lib/node/,fluxloop.mjs fluxloop.d.mts package.json)
EXAMPLE = $(addprefix lib/example/,setting.yaml plain.yaml http.yaml env gitignore \
	app/__init__.py app/handler.py record_example.py evaluation.yaml)

FUZZ_SECONDS = 60
FUZZ_FLAGS = -O1 -g -fno-omit-frame-pointer \
	-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all

# Debian's names. Elsewhere: gcc, libyaml, jsmn, pcre2, zlib, libcurl, bats
# with its libraries bats-support, bats-assert and bats-file, jq, node, python3.
DEPS = gcc libc6-dev libyaml-dev libjsmn-dev libpcre2-dev zlib1g-dev \
	libcurl4-openssl-dev python3 bats bats-support bats-assert bats-file jq nodejs
CHECK_DEPS = chromium chromium-driver python3-fastapi python3-uvicorn \
	python3-websockets python3-pydantic python3-aiohttp python3-attr \
	python3-yaml python3-venv parallel python3-pandas python3-pil python3-httpx \
	python3-arrow python3-pendulum python3-sqlalchemy python3-django \
	python3-protobuf python3-requests python3-werkzeug python3-bs4 \
	python3-lxml python3-networkx python3-dev perl \
	libxml2-utils zsh fish sqlite3 openssl
# Of npm, where it is: clients and servers that others wrote.
NPM_DEPS = openai@6 @dwmkerr/mock-llm@0.1 @a2a-js/sdk@1
LINT_DEPS = clang clang-tidy cppcheck shellcheck mandoc python3-dev
FUZZ_DEPS = clang libclang-rt-dev
DEB_DEPS = build-essential debhelper dh-python dpkg-dev lintian python3-dev
SCALE_DEPS = slurmctld slurmd slurm-client munge openssh-server openssh-client \
	parallel iproute2 procps
NEON_DEPS = gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
APT = $(if $(filter 0,$(shell id -u)),,sudo -n) env \
	DEBIAN_FRONTEND=noninteractive apt-get -qq -y
# A phase uses all processors, unless make was told how many.
JOBS = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
PHASE = +@$(MAKE) --no-print-directory $(JOBS)

all: $(BINS) $(COMPLETIONS) $(BUILD)/fast.tried

# A target is made under a name that has the shell's number, and renamed: another
# make in the same tree never sees half of it.
NEW = $@.$$$$

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(STD) -DVERSION='"$(VERSION)"' $(WARN) $(CFLAGS) -MMD -MP -MT $@ \
		-MF $(NEW).d -c -o $(NEW) $< || { rm -f $(NEW).d; exit 1; }; \
		mv $(NEW).d $(@:.o=.d) && mv $(NEW) $@

# fl-doctor looks for all other programs.
$(BUILD)/obj/bin/fl-doctor.o: STD += -DPROGRAMS='"$(PROGS)"'

# The script of HTML pages is one function, of these parts; so are their styles.
PAGE_DIR = lib/format/page
PAGE_JS = $(foreach p,dom element json pretty value tree search step input,\
	$(PAGE_DIR)/$p.js)
LIST_JS = $(foreach p,element figures filters list,$(PAGE_DIR)/$p.js)
REPORT_JS = $(foreach p,element pretty figures filters,$(PAGE_DIR)/$p.js) \
	$(foreach p,data words open rows pictures begin,lib/report/page/$p.js)
$(BUILD)/gen/page.js: $(PAGE_JS)
$(BUILD)/gen/list.js: $(LIST_JS)
$(BUILD)/gen/report.js: $(REPORT_JS)
$(BUILD)/gen/page.css: $(PAGE_DIR)/colors.css $(PAGE_DIR)/page.css \
	$(PAGE_DIR)/parts.css
$(BUILD)/gen/list.css: $(PAGE_DIR)/colors.css $(PAGE_DIR)/list.css
$(BUILD)/gen/report.css: $(foreach p,colors list parts,$(PAGE_DIR)/$p.css) \
	lib/report/page/report.css

$(BUILD)/gen/%.js:
	@mkdir -p $(@D)
	(echo '"use strict";'; echo '(() => {'; cat $^; echo '})();') >$(NEW) && \
		mv $(NEW) $@

$(BUILD)/gen/%.css:
	@mkdir -p $(@D)
	cat $^ >$(NEW) && mv $(NEW) $@

# Style and script of HTML pages, as C.
$(BUILD)/gen/%.inc: $(BUILD)/gen/% lib/format/embed.sh
	sh lib/format/embed.sh $< >$(NEW) && mv $(NEW) $@

$(BUILD)/obj/lib/format/page.o $(BUILD)/obj/lib/report/pageparts.o: $(PAGE_PARTS)

$(BUILD)/libfluxloop.a: $(LIB_OBJ)
	ar rcs $(NEW) $(LIB_OBJ) && mv $(NEW) $@

$(BUILD)/bin/fl-%: $(BUILD)/obj/bin/fl-%.o $(BUILD)/libfluxloop.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $(NEW) $< $(BUILD)/libfluxloop.a $(LIBS) && \
		mv $(NEW) $@

$(NET_PROGS:%=$(BUILD)/bin/%): LIBS += -lcurl

# what it reads may be compressed
$(BUILD)/bin/fl-import: LIBS += -lz

$(BUILD)/bin/fl-format-tsv: bin/fl-format-tsv
	@mkdir -p $(@D)
	cp $< $(NEW) && mv $(NEW) $@

$(BUILD)/fast.tried: lib/python/native/fast.c lib/python/native/build.sh Makefile
	@mkdir -p $(BUILD)/lib/fluxloop
	@PYTHON='$(PYTHON)' sh lib/python/native/build.sh $(FAST) $(CC) \
		-std=c11 -DVERSION='"$(VERSION)"' $(WARN) $(CFLAGS) $(LDFLAGS) $<
	@touch $@

# The tables of the wrapper, and some commands, come from files of their own.
$(BUILD)/bin/fluxloop: bin/fluxloop $(wildcard lib/wrapper/*) Makefile
	@mkdir -p $(@D)
	sed -e 's/@VERSION@/$(VERSION)/' -e 's/@PROGRAMS@/$(PROGS)/' \
		-e '/^@COMMANDS@$$/{r lib/wrapper/commands' -e 'd}' \
		-e '/^@OPTIONS@$$/{r lib/wrapper/options' -e 'd}' \
		-e '/^@USAGE@$$/{r lib/wrapper/usage' -e 'd}' \
		-e '/^@INIT@$$/{r lib/wrapper/init.bash' -e 'd}' \
		-e '/^@VERDICTS@$$/{r lib/wrapper/verdicts.bash' -e 'd}' \
		-e '/^@COMPLETE@$$/{r lib/wrapper/complete.bash' -e 'd}' \
		-e '/^@RECORD@$$/{r lib/wrapper/record.bash' -e 'd}' \
		bin/fluxloop >$(NEW) && chmod 755 $(NEW) && mv $(NEW) $@

$(BUILD)/completion/%: lib/completion/% Makefile
	@mkdir -p $(@D)
	sed 's/@PROGRAMS@/$(PROGS)/' $< >$(NEW) && mv $(NEW) $@

# Installs what is missing of WANTED, with apt where there is one. Ubuntu has some of
# it under other names, which provide Debian's.
install-missing:
	@there=" $$(dpkg-query -W -f '$${db:Status-Status} $${Package} $${Provides}\n' \
		2>/dev/null | sed -n 's/([^)]*)//g; s/,/ /g; s/^installed //p' | \
		tr '\n' ' ') "; \
	missing=; for p in $(WANTED); do \
		case $$there in *" $$p "*) ;; *) missing="$$missing $$p" ;; esac; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then \
		echo "make: please install what your system calls:$$missing" >&2; \
		exit 1; \
	fi; \
	echo "installing$$missing"; \
	$(APT) update && $(APT) install --no-install-recommends $$missing

deps:
	$(PHASE) install-missing WANTED='$(DEPS)'

deps-check: deps build/npm.tried
	$(PHASE) install-missing WANTED='$(CHECK_DEPS)'

# What cannot be installed is not tested with.
build/npm.tried: Makefile
	@mkdir -p $(@D)
	-@! command -v npm >/dev/null || timeout 120 npm install --silent \
		--no-audit --no-fund --prefix build/npm $(NPM_DEPS) \
		>$@.log 2>&1 || tail -n 3 $@.log
	@touch $@

deps-lint: deps
	$(PHASE) install-missing WANTED='$(LINT_DEPS)'

demo: deps
	$(PHASE) all
	@PATH="$(abspath $(BUILD))/bin:$$PATH" sh pipelines/demo.sh $(BUILD)/demo

check: deps-check
	$(PHASE) all
	@BUILD=$(BUILD) CC='$(CC)' PYTHON='$(PYTHON)' bash tests/check.sh

check-san: deps
	$(PHASE) check BUILD=build/san BATS_TEST_TIMEOUT=3000 \
		CFLAGS='-O1 -g -fno-omit-frame-pointer \
		-fsanitize=address,undefined -fno-sanitize-recover=all'

# make check kills twenty experiments and resumes them; this does it KILLS times.
KILLS = 200
check-kill: deps
	$(PHASE) all
	@BUILD=$(BUILD) CC='$(CC)' KILLS=$(KILLS) bats tests/kill.bats

# make check lets a few calls of each kind fail in every program; this lets each
# call fail.
check-faults: deps
	$(PHASE) all
	@BUILD=$(BUILD) CC='$(CC)' FAULTS=all BATS_TEST_TIMEOUT=3600 \
		bats tests/faults.bats

# make check compares YAML with PyYAML on a few thousand texts; this on more, with
# other texts for each YAML_SEED.
YAML_SEED = 1
check-yaml: deps-check
	$(PHASE) all
	@BUILD=$(BUILD) CC='$(CC)' YAML_SEED=$(YAML_SEED) YAML_TEXTS=20000 \
		YAML_SCALARS=7000 YAML_TOKENS=100000 BATS_TEST_TIMEOUT=1200 \
		bats tests/yaml-suite.bats

# An experiment on Slurm and on hosts behind ssh, which are lost in the middle.
# Needs root. Where Debian starts services, installing starts sshd and munge.
check-scale: deps
	$(PHASE) install-missing WANTED='$(SCALE_DEPS)'
	$(PHASE) all
	@BUILD=$(BUILD) CC='$(CC)' bash tests/scale/check-scale.sh

# The JSON scanner as it is for AArch64, on an emulated one.
check-neon: deps
	$(PHASE) install-missing WANTED='$(NEON_DEPS)'
	$(PHASE) all
	@BUILD=$(BUILD) CC='$(CC)' CROSS_CC='aarch64-linux-gnu-gcc -static' \
		CROSS_RUN=qemu-aarch64 bats tests/json-suite.bats

# Stages of FUZZ_SECONDS each; what is found is in build/fuzz/findings.
fuzz: deps
	$(PHASE) install-missing WANTED='$(FUZZ_DEPS)'
	$(PHASE) all BUILD=build/fuzz CC=clang CFLAGS='$(FUZZ_FLAGS)'
	@BUILD=build/fuzz PYTHON='$(PYTHON)' FUZZ_FLAGS='$(FUZZ_FLAGS)' \
		FUZZ_SECONDS=$(FUZZ_SECONDS) bash tests/fuzz/fuzz.sh

# A file is looked at again when it, or a header that it includes, has changed.
TIDY = $(C_FILES:%.c=$(BUILD)/lint/tidy/%.ok)
$(BUILD)/lint/tidy/%.ok: $(BUILD)/lint/gcc/obj/%.o .clang-tidy
	@mkdir -p $(@D)
	@echo clang-tidy $*.c
	@clang-tidy --quiet --warnings-as-errors="*" $*.c -- $(STD) 2>/dev/null
	@touch $@

# clang's warnings are the same whatever it optimizes; those of gcc are not.
lint: deps-lint
	$(PHASE) all BUILD=build/lint/gcc CFLAGS='-O2 -Werror'
	$(PHASE) all BUILD=build/lint/clang CC=clang CFLAGS='-O0 -Werror'
	$(PHASE) $(PAGE_PARTS)
	CC='$(CC)' sh tests/rooms.sh $(ROOMS)
	$(PYTHON) tests/includes.py $(ROOMS)
	sh tests/links.sh libcurl $(BUILD)/lint/gcc/bin $(NET_PROGS)
	for p in page list report; do node --check $(BUILD)/gen/$$p.js || \
		exit 1; done
	node --check lib/node/fluxloop.mjs
	@mkdir -p $(BUILD)/lint/cppcheck
	cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr \
		-j $$(nproc) --cppcheck-build-dir=$(BUILD)/lint/cppcheck \
		--enable=warning,performance,portability \
		--suppress=missingIncludeSystem -D__SSE2__ -Ilib $(C_FILES)
	$(PHASE) -k $(TIDY)
	clang-tidy --quiet --warnings-as-errors="*" lib/python/native/fast.c -- \
		-std=c11 -DVERSION='""' $$($(PYTHON) -c 'import sysconfig; \
		print("-isystem", sysconfig.get_path("include"))') 2>/dev/null
	printf '%s\n' tests/*.c tests/*/*.c | xargs -n 1 $(CC) $(STD) \
		-Itests -Wall -Wextra -Werror -fsyntax-only
	shellcheck -x $(SCRIPTS)
	$(PYTHON) -c 'import sys; [compile(open(f).read(), f, "exec") \
		for f in sys.argv[1:]]' $(filter %.py,$(PY_FILES) $(EXAMPLE))
	mkdir -p $(BUILD)/lint/new/recordings
	cp lib/example/*.yaml $(BUILD)/lint/new
	for f in setting plain http; do $(BUILD)/lint/gcc/bin/fl-config \
		-f $(BUILD)/lint/new/$$f.yaml check || exit 1; done
	mandoc -T lint -W warning $(MANS)

bench: deps
	$(PHASE) all
	@BUILD=$(BUILD) CC='$(CC)' PYTHON='$(PYTHON)' bash tests/bench/bench.sh

# The tables of lib/base/unicode.c, made anew of Debian's copy of the Unicode
# Character Database.
unicode: deps
	$(PHASE) install-missing WANTED=unicode-data
	$(PYTHON) lib/base/unicode.py >lib/base/unicode_tables.h.new
	mv lib/base/unicode_tables.h.new lib/base/unicode_tables.h

# The table of lib/generate/ngrams.c, learned anew from translations in Debian.
NGRAMS_DEPS = evolution-common pidgin-data gnome-user-docs
ngrams:
	rm -rf $(BUILD)/ngrams
	mkdir -p $(BUILD)/ngrams
	cd $(BUILD)/ngrams && apt-get -qq download $(NGRAMS_DEPS) && \
		for deb in *.deb; do dpkg-deb -x $$deb . || exit 1; done
	$(PYTHON) lib/generate/ngrams.py $(BUILD)/ngrams \
		>lib/generate/ngrams_table.h.new
	mv lib/generate/ngrams_table.h.new lib/generate/ngrams_table.h

# A package for this Debian, in build/deb; lintian has to find nothing wrong.
deb: deps
	$(PHASE) install-missing WANTED='$(DEB_DEPS)'
	@sh lib/packaging/deb.sh $(VERSION) $(BUILD)/deb

# Builds it twice, compares the two, and tries the programs in it.
check-deb: deb
	@bash tests/packaging/check-deb.sh $(BUILD)/deb/fluxloop_*.deb $(VERSION)

# Every file that is installed, as SOURCE:FOLDER.
INSTALLED = $(BINS:%=%:bin) $(foreach m,$(MANS),\
	$(m):share/man/man$(patsubst .%,%,$(suffix $(m)))) \
	$(foreach f,$(PY_FILES) $(NODE_FILES) $(EXAMPLE),$(f):share/fluxloop/$(patsubst lib/%,%,$(f)))

# Completions, as FILE:FOLDER. Debian's packages have those for zsh elsewhere.
ZSH_FUNCTIONS = zsh/site-functions
COMPLETED = fluxloop:bash-completion/completions _fluxloop:$(ZSH_FUNCTIONS) \
	fluxloop.fish:fish/vendor_completions.d

install: all
	@set -e; umask 022; for f in $(INSTALLED); do \
		src=$${f%%:*}; to=$${f#*:}; \
		case $$src in \
		*/bin/*) mode=755; to=$$to/$${src##*/};; \
		lib/*) mode=644;; \
		*) mode=644; to=$$to/$${src##*/};; \
		esac; \
		mkdir -p "$(DESTDIR)$(PREFIX)/$${to%/*}"; \
		install -m $$mode $$src "$(DESTDIR)$(PREFIX)/$$to"; \
	done
	@set -e; umask 022; share="$(DESTDIR)$(PREFIX)/share"; \
	for f in $(COMPLETED); do \
		mkdir -p "$$share/$${f#*:}"; \
		install -m 644 $(BUILD)/completion/$${f%%:*} "$$share/$${f#*:}"; \
	done; \
	for p in $(PROGS); do \
		ln -sf fluxloop "$$share/bash-completion/completions/$$p"; \
		ln -sf fluxloop.fish "$$share/fish/vendor_completions.d/$$p.fish"; \
	done
# a package compiles them where they will be
	@-[ -n "$(DESTDIR)" ] || (umask 022; env -u PYTHONPYCACHEPREFIX \
	    $(PYTHON) -m compileall -q \
	    "$(PREFIX)/share/fluxloop/python") >/dev/null 2>&1
	@[ ! -f $(FAST) ] || (umask 022; mkdir -p "$(DESTDIR)$(PREFIX)/lib/fluxloop"; \
	    install -m 644 $(FAST) "$(DESTDIR)$(PREFIX)/lib/fluxloop")

uninstall:
	@for f in $(INSTALLED); do \
		src=$${f%%:*}; to=$${f#*:}; \
		case $$src in lib/*) ;; *) to=$$to/$${src##*/};; esac; \
		rm -f "$(DESTDIR)$(PREFIX)/$$to"; \
	done
	@share="$(DESTDIR)$(PREFIX)/share"; for p in fluxloop $(PROGS); do \
		rm -f "$$share/bash-completion/completions/$$p" \
			"$$share/fish/vendor_completions.d/$$p.fish"; \
	done; rm -f "$$share/$(ZSH_FUNCTIONS)/_fluxloop"
	@rm -rf "$(DESTDIR)$(PREFIX)/share/fluxloop" "$(DESTDIR)$(PREFIX)/lib/fluxloop"

clean:
	rm -rf build

.PHONY: all install-missing deps deps-check deps-lint demo check check-san \
	check-kill check-faults check-scale check-neon check-yaml fuzz lint bench unicode \
	ngrams deb check-deb install uninstall clean
.SECONDARY:
-include $(LIB_OBJ:.o=.d) $(PROGS:%=$(BUILD)/obj/bin/%.d)

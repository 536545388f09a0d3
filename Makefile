# FluxLoop: make, make deps, make demo, make check, make check-san, make lint,
# make bench, make install PREFIX=... DESTDIR=..., make clean

VERSION = 0.1.0
PREFIX = /usr/local
BUILD = build
CC = gcc
CFLAGS = -O2 -g
LDFLAGS =

# lib/ in layer order: a module includes only headers of those before it.
LIB = util err buf hash rng utf8 json line out isotime uuid cli set alnum tree path template \
	source record secret yamlin yamlout environ config \
	phrases variant generate proc agent job run engine \
	trace markdown pertrace join outdir expdir
PROGS = fl-yaml fl-config fl-record-extract fl-generate fl-run fl-collect fl-parse
STD = -std=c11 -D_XOPEN_SOURCE=700 -DVERSION='"$(VERSION)"' -Ilib
WARN = -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion \
	-Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith -Wvla
LIBS = -Wl,--as-needed -lfyaml -lyaml -lm

LIB_OBJ = $(LIB:%=$(BUILD)/lib/%.o)
BINS = $(PROGS:%=$(BUILD)/bin/%)

all: $(BINS)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libfluxloop.a: $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $(LIB_OBJ)

$(BUILD)/bin/fl-%: $(BUILD)/bin/fl-%.o $(BUILD)/libfluxloop.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libfluxloop.a $(LIBS)

clean:
	rm -rf $(BUILD)

.PHONY: all clean
.SECONDARY:
-include $(LIB_OBJ:.o=.d) $(BINS:=.d)

# `make demo` converts a real sample; `make test` runs all the tests. Both set up what they need.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
LAB_PACKAGES := nftables iproute2 iputils-ping tcpdump tshark ike-scan strongswan-charon strongswan-swanctl charon-systemd \
                libcharon-extra-plugins libstrongswan-standard-plugins libstrongswan-extra-plugins \
                krb5-kdc krb5-admin-server krb5-user libkrb5-dev python3-dev gcc libc6-dev \
                samba samba-dsdb-modules samba-vfs-modules samba-ad-provision python3-samba ldb-tools ldap-utils
GUEST_PACKAGES := linux-source-6.12 gcc make flex bison bc xz-utils libc6-dev
LIBRESWAN_PACKAGES := libldns3 libevent-core-2.1-7 libevent-pthreads-2.1-7 libnss3 libnss3-tools libunbound8 libcurl3-nss
LIBRESWAN := $${XDG_CACHE_HOME:-$$HOME/.cache}/ipsecmig/libreswan
GUEST_KERNEL := $(PYTHON) tests/lab/guest/kernel.py
DEMO := samples/recommended/secure-server
PYTEST ?= $(BIN)/python -m pytest

.PHONY: demo test check format bench packages lab-packages kerberos guest-packages guest-kernel libreswan clean

demo: $(VENV)/installed
	@rm -rf out
	$(BIN)/ipsecmig convert $(DEMO).cmd --site $(DEMO).site.yaml --to nftables,strongswan,xfrm,netsh -o out/ --fail-on never
	@ls -l out

test: $(VENV)/installed-dev lab-packages kerberos guest-kernel libreswan
	$(PYTEST) -n auto --dist loadfile

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed-bench
	for bench in bench/*.py; do $(BIN)/python $$bench || exit 1; done

# Debian keeps ensurepip apart; as root it is fetched when it is missing.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || $(MAKE) packages INSTALL='python3-venv'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-bench: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	@touch $@ $(VENV)/installed $(VENV)/installed-dev

# The lab tests talk to a real nft, kernel and charon. Without root they skip and say so.
lab-packages:
	@if [ "$$(id -u)" = 0 ]; then $(MAKE) --no-print-directory packages INSTALL='$(LAB_PACKAGES)'; \
	else echo 'not root: the lab tests will be skipped'; fi

# Python's Kerberos is compiled against the system's, so that it comes after those packages.
kerberos: lab-packages $(VENV)/installed-dev
	@if command -v krb5-config >/dev/null; then $(MAKE) --no-print-directory $(VENV)/installed-kerberos; \
	else echo 'no libkrb5-dev: the Kerberos tests will be skipped'; fi

$(VENV)/installed-kerberos: $(VENV)/installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,kerberos]'
	@touch $@

# Some of them run in a kernel of their own, with ESP and AH: it is built once and kept in the user's cache. Where that
# cannot be, its tests are skipped; in CI nothing may be.
guest-kernel:
	@if [ "$$(id -u)" = 0 ] && $(GUEST_KERNEL) --is-wanting; then \
	  { $(MAKE) --no-print-directory guest-packages && $(GUEST_KERNEL); } || \
	  { [ -z "$$CI" ] && echo 'no kernel of their own: the tests that need one will be skipped'; }; fi

guest-packages:
	@if [ "$$(id -u)" = 0 ] && $(GUEST_KERNEL) --is-wanting; then \
	  $(MAKE) --no-print-directory packages INSTALL='$(GUEST_PACKAGES)'; fi

# Debian's libreswan and strongSwan exclude each other, so this one is unpacked where nobody else finds it.
libreswan:
	@if [ "$$(id -u)" = 0 ] && [ ! -d "$(LIBRESWAN)" ]; then \
	  $(MAKE) --no-print-directory packages INSTALL='$(LIBRESWAN_PACKAGES)' && \
	  mkdir -p "$(LIBRESWAN).new" && cd "$(LIBRESWAN).new" && \
	  apt-get -qq update && apt-get -qq -o APT::Sandbox::User=root download libreswan && \
	  dpkg-deb -x libreswan_*.deb . && rm libreswan_*.deb && mv "$(LIBRESWAN).new" "$(LIBRESWAN)" || \
	  { [ -z "$$CI" ] && echo 'no libreswan: the tests that need it will be skipped'; }; fi

packages:
	@missing=; for p in $(INSTALL); do \
	  dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then apt-get -qq update && \
	  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $$missing >/dev/null; fi

clean:
	rm -rf $(VENV) out dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

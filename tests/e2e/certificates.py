"""A small certification authority, made with the openssl program once per test run.

    root ── mx.vendor.test by CN, by SAN, as wildcard, expired
       └─── intermediate ── mx.vendor.test, with and without the intermediate in the chain
    self-signed mx.vendor.test · the server's own certificates

Each member of `Certificates` is a Pair of files (certificate chain, private key).
"""
import hashlib
import pathlib
import subprocess
from typing import NamedTuple


class Pair(NamedTuple):
    certificate: pathlib.Path
    key: pathlib.Path


def openssl(*arguments, cwd):
    done = subprocess.run(['openssl', *map(str, arguments)], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def spki_digest(certificate):
    """SHA-256 of the public key, for a TLSA record 3 1 1."""
    key = subprocess.run(['openssl', 'x509', '-in', certificate, '-noout', '-pubkey'], capture_output=True, check=True)
    der = subprocess.run(['openssl', 'pkey', '-pubin', '-outform', 'DER'], input=key.stdout, capture_output=True, check=True)
    return hashlib.sha256(der.stdout).hexdigest()


class Certificates:
    def __init__(self, folder):
        self.folder = folder
        self.root = self._self_signed('root', '/CN=Test Root', 'basicConstraints=critical,CA:TRUE')
        self.intermediate = self.issue('intermediate', '/CN=Test Intermediate', self.root,
                                         'basicConstraints=critical,CA:TRUE')
        self.server = self.issue('server', '/CN=mx.contoso.test', self.root, 'subjectAltName=DNS:mx.contoso.test')
        self.other_server = self.issue('other-server', '/CN=mx.fabrikam.test', self.root,
                                         'subjectAltName=DNS:mx.fabrikam.test')
        self.by_common_name = self.issue('by-cn', '/CN=mx.vendor.test', self.root)
        self.by_alternative_name = self.issue('by-san', '/O=Vendor', self.root, 'subjectAltName=DNS:mx.vendor.test')
        self.wildcard = self.issue('wildcard', '/CN=*.vendor.test', self.root, 'subjectAltName=DNS:*.vendor.test')
        self.of_contoso = self.issue('of-contoso', '/CN=mail.contoso.com', self.root)
        self.of_stranger = self.issue('of-stranger', '/CN=mx.stranger.test', self.root)
        # Public authorities no longer put clientAuth into the certificates of mail servers.
        self.server_usage_only = self.issue('server-usage', '/CN=mx.vendor.test', self.root,
                                              'extendedKeyUsage=serverAuth')
        self.expired = self._expired('expired', '/CN=mx.vendor.test')
        self.self_signed = self._self_signed('self-signed', '/CN=mx.vendor.test')
        alone = self.issue('chained', '/CN=mx.vendor.test', self.intermediate)
        self.without_intermediate = alone
        chain = folder / 'chain.pem'
        chain.write_bytes(alone.certificate.read_bytes() + self.intermediate.certificate.read_bytes())
        self.with_intermediate = Pair(chain, alone.key)

    @property
    def trust_anchors(self):
        return self.root.certificate

    def _pair(self, name):
        return Pair(self.folder / f'{name}.pem', self.folder / f'{name}.key')

    def _self_signed(self, name, subject, *extensions):
        pair = self._pair(name)
        openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', 30,
                '-subj', subject, '-keyout', pair.key, '-out', pair.certificate,
                *[word for extension in extensions for word in ('-addext', extension)], cwd=self.folder)
        return pair

    def _request(self, name, subject):
        pair = self._pair(name)
        openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', subject,
                '-keyout', pair.key, '-out', self.folder / f'{name}.csr', cwd=self.folder)
        return pair

    def issue(self, name, subject, issuer, *extensions):
        pair = self._request(name, subject)
        extension_file = self.folder / f'{name}.ext'
        extension_file.write_text('\n'.join(extensions) + '\n')
        openssl('x509', '-req', '-in', self.folder / f'{name}.csr', '-CA', issuer.certificate, '-CAkey', issuer.key,
                '-CAcreateserial', '-days', 30, '-extfile', extension_file, '-out', pair.certificate, cwd=self.folder)
        return pair

    def _expired(self, name, subject):
        """`openssl x509` cannot issue for the past, `openssl ca` can."""
        pair = self._request(name, subject)
        (self.folder / 'index.txt').touch()
        (self.folder / 'ca.cnf').write_text(
            '[ca]\ndefault_ca = test\n[test]\ndatabase = index.txt\nnew_certs_dir = .\nrand_serial = yes\n'
            'default_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n')
        openssl('ca', '-batch', '-config', 'ca.cnf', '-cert', self.root.certificate, '-keyfile', self.root.key,
                '-in', f'{name}.csr', '-out', pair.certificate, '-notext',
                '-startdate', '20200101000000Z', '-enddate', '20200201000000Z', cwd=self.folder)
        return pair

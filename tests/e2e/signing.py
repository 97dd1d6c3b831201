"""Keys for DKIM in the forms that dkimpy and a zone file want."""
import base64
import subprocess


def make_keys(folder):
    """The private key as PEM; the public one as quoted character-strings of a TXT record."""
    private, public = folder / 'private.pem', folder / 'public.der'
    subprocess.run(['openssl', 'genrsa', '-traditional', '-out', private, '2048'], check=True, capture_output=True)
    subprocess.run(['openssl', 'rsa', '-in', private, '-pubout', '-outform', 'DER', '-out', public], check=True,
                   capture_output=True)
    text = base64.b64encode(public.read_bytes()).decode()
    return private.read_bytes(), ' '.join(f'"{text[at:at + 200]}"' for at in range(0, len(text), 200))

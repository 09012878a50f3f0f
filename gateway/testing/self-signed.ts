/** For tests: a certificate that nobody vouches for, of 127.0.0.1 and localhost, and its key. It guards nothing. */
export const SELF_SIGNED = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgE6wHNcHDGYegh1Vw
uvdj+HnZYT+Na2xSZuLskbKbtq2hRANCAAR8kFrtwCczSxrHRwbxoMdquq2ecOI0
zibWuXcP0honmc/Z/dZsS/k7SJyunGQfrOvHfGPi3tu7uYqneXKBwxB8
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUDictmGRcvYa48wfgQFGUvoj4hQ4wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyNTE0NDIwNFoYDzIxMjYxMTAx
MTQ0MjA0WjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAR8kFrtwCczSxrHRwbxoMdquq2ecOI0zibWuXcP0honmc/Z/dZsS/k7
SJyunGQfrOvHfGPi3tu7uYqneXKBwxB8o28wbTAdBgNVHQ4EFgQUXE5mBNNgdF+Z
iiFubArtELINgkUwHwYDVR0jBBgwFoAUXE5mBNNgdF+ZiiFubArtELINgkUwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZI
zj0EAwIDSAAwRQIhALrXXs3Ji3uwtfCl+5RmfF1Foz4230DqqpjcQLrP4mOMAiAf
cWT9THFU+A+lna9Gn1XsUspkaGHIr06Bj1nzSxQzow==
-----END CERTIFICATE-----`,
}

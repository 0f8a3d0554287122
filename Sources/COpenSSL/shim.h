// OpenSSL for a server of HTTP/2: TLS 1.2 or newer, and ALPN that agrees on h2 alone.
#ifndef PITOT_COPENSSL_H
#define PITOT_COPENSSL_H
#include <openssl/err.h>
#include <openssl/ssl.h>

static inline int pitot_tls_choose_h2(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                                      const unsigned char *in, unsigned int in_size, void *unused) {
  (void)ssl;
  (void)unused;
  for (unsigned int place = 0; place + 1 + in[place] <= in_size; place += 1 + in[place]) {
    if (in[place] == 2 && in[place + 1] == 'h' && in[place + 2] == '2') {
      *out = in + place + 1;
      *out_size = 2;
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// A context with this certificate chain and key, in PEM; null when they cannot be read.
static inline SSL_CTX *pitot_tls_server(const char *certificate, const char *key) {
  SSL_CTX *context = SSL_CTX_new(TLS_server_method());
  if (context == NULL) return NULL;
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_select_cb(context, pitot_tls_choose_h2, NULL);
  if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    SSL_CTX_free(context);
    return NULL;
  }
  return context;
}
#endif

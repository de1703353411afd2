/** A failure's codes, what brings it about and what helps against it. */
type FailureRow = { codes: readonly string[]; cause: string; remedy: string }

const row = (codes: string, cause: string, remedy: string): FailureRow => ({ codes: codes.split(' '), cause, remedy })

/**
 * Every code that Node, OpenSSL and undici give for a TLS or connection failure, under the failure's name, and the codes
 * the project gives itself (the ones in small letters). Observed with Node 24 and OpenSSL 3.5;
 * see `test/unit/chassis/failures.test.ts` for how each comes about.
 */
export const failureTable = {
  'certificate-expired': row(
    'CERT_HAS_EXPIRED expired-by-own-clock ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED',
    'the certificate is past its notAfter, or the clock judging it runs ahead',
    'renew the certificate; compare the clocks of both ends',
  ),
  'certificate-not-yet-valid': row(
    'CERT_NOT_YET_VALID not-yet-valid-by-own-clock',
    'the certificate is before its notBefore: usually a clock running behind',
    'compare the clocks of both ends; backdate issuance a little',
  ),
  'wrong-name': row(
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'the certificate does not carry the name that was asked for',
    'issue with the right subject alternative name, or dial the right name',
  ),
  'wrong-identity': row(
    'wrong-identity',
    'the callee proved an identity, but not the one this link expects',
    'check where the link is dialled to; somebody else answers there',
  ),
  'not-an-svid': row(
    'not-an-svid',
    'the chain is trusted, but the leaf breaks the X.509-SVID rules',
    'issue workload certificates by enrolment only',
  ),
  'unknown-authority': row(
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_GET_ISSUER_CERT CERT_SIGNATURE_FAILURE ERR_SSL_TLSV1_ALERT_UNKNOWN_CA ERR_SSL_SSL/TLS_ALERT_UNKNOWN_CA',
    'the chain ends at a root that is not in the trust bundle',
    'distribute the issuing root first, or enrol with the right authority',
  ),
  'missing-intermediate': row(
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'the leaf came without the intermediate that signed it, or its issuer is unknown',
    'send the whole chain up to the root, leaf first',
  ),
  'self-signed': row(
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'the certificate is signed by its own key',
    'enrol with the authority',
  ),
  'wrong-usage': row(
    'INVALID_PURPOSE ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE ERR_SSL_SSL/TLS_ALERT_UNSUPPORTED_CERTIFICATE',
    'extended key usage does not permit this role',
    'issue workload certificates with both serverAuth and clientAuth',
  ),
  'constraint-violated': row(
    'UNSPECIFIED PERMITTED_VIOLATION EXCLUDED_VIOLATION',
    "a name lies outside the issuer's name constraints",
    'issue from the intermediate meant for this name',
  ),
  'path-too-long': row(
    'PATH_LENGTH_EXCEEDED INVALID_CA',
    'a certificate that may not issue stands in the chain as an issuer',
    'never sign with a leaf; check path length constraints',
  ),
  'weak-key': row(
    'EE_KEY_TOO_SMALL CA_KEY_TOO_SMALL CA_MD_TOO_WEAK ERR_SSL_EE_KEY_TOO_SMALL ERR_SSL_CA_MD_TOO_WEAK',
    'a key or digest in the chain is below the security level',
    'use P-256 or RSA of 2048 bits and more, with SHA-256',
  ),
  revoked: row(
    'CERT_REVOKED revoked ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_REVOKED',
    'the certificate is on the revocation list',
    'enrol anew; find out why it was revoked',
  ),
  'crl-missing': row(
    'UNABLE_TO_GET_CRL crl-missing',
    'no revocation list for one issuer in the chain: it is missing here, or the issuer is a stranger’s',
    'fetch every CRL, the root’s too; enrol with the right authority',
  ),
  'crl-stale': row(
    'CRL_HAS_EXPIRED crl-stale',
    'the revocation list is past its nextUpdate',
    'publish and fetch a new CRL',
  ),
  'crl-not-yet-valid': row(
    'CRL_NOT_YET_VALID crl-not-yet-valid',
    'the revocation list is from the future',
    'compare clocks',
  ),
  'no-client-certificate': row(
    'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED no-client-certificate',
    'mutual TLS is required here and the caller presented nothing',
    'enrol the caller, or let the callee accept tls while migrating',
  ),
  'transport-not-accepted': row(
    'transport-not-accepted',
    'the callee does not accept this transport (now)',
    'compare the link’s transport on both ends; finish or roll back the rollout',
  ),
  'protocol-version': row(
    'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION ERR_SSL_UNSUPPORTED_PROTOCOL ERR_SSL_VERSION_TOO_LOW',
    'the two ends have no TLS version in common',
    'raise the older end; see who would fail before raising the minimum',
  ),
  'no-shared-cipher': row(
    'ERR_SSL_NO_SHARED_CIPHER ERR_SSL_NO_SUITABLE_KEY_SHARE ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
    'no cipher suite, group or signature algorithm in common',
    'compare the lists and key types of both ends',
  ),
  'plaintext-to-tls': row(
    'ERR_SSL_HTTP_REQUEST plaintext-to-tls',
    'a plaintext request arrived where TLS is spoken',
    'move the caller to TLS',
  ),
  'tls-to-plaintext': row(
    'ERR_SSL_WRONG_VERSION_NUMBER ERR_SSL_PACKET_LENGTH_TOO_LONG HPE_INVALID_METHOD',
    'one end speaks TLS, the other does not',
    'compare the link’s transport on both ends',
  ),
  'no-application-protocol': row(
    'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL ERR_SSL_NO_APPLICATION_PROTOCOL ERR_SSL_SSL/TLS_ALERT_NO_APPLICATION_PROTOCOL',
    'no ALPN protocol in common',
    'offer http/1.1 on both ends',
  ),
  'unrecognized-name': row(
    'ERR_SSL_TLSV1_UNRECOGNIZED_NAME ERR_SSL_SSL/TLS_ALERT_UNRECOGNIZED_NAME unrecognized-name',
    'nobody here answers for this server name',
    'check SNI against the names of the ingress',
  ),
  'bad-client-hello': row('bad-client-hello', 'the first record is not a ClientHello that can be read', 'speak TLS'),
  'bad-proxy-header': row(
    'proxy-header-malformed',
    'a proxy that is trusted to name its client sent something else than a PROXY protocol v2 header',
    'compare what the proxy sends with what is expected here',
  ),
  'handshake-timeout': row(
    'ERR_TLS_HANDSHAKE_TIMEOUT handshake-timeout',
    'the handshake was not finished in time',
    'look for a peer that hangs or a network that drops',
  ),
  'connect-timeout': row(
    'UND_ERR_CONNECT_TIMEOUT ETIMEDOUT',
    'no connection within the limit',
    'is the callee reachable?',
  ),
  'connection-refused': row('ECONNREFUSED', 'nothing listens there', 'is the callee running?'),
  'host-unreachable': row(
    'EHOSTUNREACH ENETUNREACH ENOTFOUND EAI_AGAIN',
    'there is no way to the callee',
    'check names and networks',
  ),
  'connection-closed': row(
    'UND_ERR_SOCKET ECONNRESET EPIPE UND_ERR_REQ_RETRY ERR_STREAM_PREMATURE_CLOSE connection-closed',
    'the other end closed or reset the connection; under TLS 1.3 also how a callee refuses a caller’s certificate',
    'look at the other end’s record of the same moment',
  ),
  'headers-timeout': row(
    'UND_ERR_HEADERS_TIMEOUT',
    'the callee took the request and did not answer',
    'look at the callee',
  ),
  'body-timeout': row('UND_ERR_BODY_TIMEOUT', 'the callee stopped in the middle of its answer', 'look at the callee'),
  'bad-response': row(
    'HPE_INVALID_CONSTANT HPE_INVALID_HEADER_TOKEN HPE_INVALID_CONTENT_LENGTH HPE_UNEXPECTED_CONTENT_LENGTH HPE_INVALID_TRANSFER_ENCODING HPE_INVALID_CHUNK_SIZE HPE_CR_EXPECTED HPE_LF_EXPECTED HPE_INVALID_VERSION HPE_INVALID_STATUS UND_ERR_HEADERS_OVERFLOW UND_ERR_RES_CONTENT_LENGTH_MISMATCH bad-response',
    'the callee answered with something that is not clean HTTP',
    'look at what answers there',
  ),
  'no-upstream': row(
    'no-upstream UND_ERR_DESTROYED UND_ERR_CLOSED',
    'this workload has no upstream for the request now',
    'wait for the control plane, or check the topology',
  ),
  'client-gone': row(
    'client-gone UND_ERR_ABORTED ABORT_ERR',
    'the caller went away before the answer',
    'nothing to do here',
  ),
  'tls-record': row(
    'ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC ERR_SSL_SSL/TLS_ALERT_BAD_RECORD_MAC ERR_SSL_BAD_RECORD_TYPE ERR_SSL_UNEXPECTED_RECORD ERR_SSL_BAD_DECRYPT',
    'a TLS record was not what its sender wrote: damaged or altered on the way',
    'somebody on the wire changes bytes; find him',
  ),
} satisfies Record<string, FailureRow>

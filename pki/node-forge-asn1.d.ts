/** The ASN.1 part of node-forge alone: a sixth of the import time of the whole. */
declare module 'node-forge/lib/asn1.js' {
  import type forge from 'node-forge'

  const asn1: typeof forge.asn1
  export default asn1
}

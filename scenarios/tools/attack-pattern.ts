/** A query that no honest request has. Who reads the request can refuse it; who passes it through cannot. */
export const scriptInQuery = '?note=%3Cscript%3Ealert(1)%3C%2Fscript%3E'

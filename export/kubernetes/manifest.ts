/** One object of the Kubernetes API as it is written to a file. What its fields may be is the API's own schema to say. */
export type Manifest = {
  apiVersion: string
  kind: string
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> }
  [field: string]: unknown
}

/** What every manifest is made for. */
export type Setting = {
  /** The topology's name; the lab's. */
  lab: string
  namespace: string
  /** The container image's reference. */
  image: string
  version: string
}

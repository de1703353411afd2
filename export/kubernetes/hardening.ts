import { image } from '../image.ts'

/** What the restricted Pod Security Standard asks for, and a root file system that nobody writes to. */
export const podSecurity = {
  runAsNonRoot: true,
  runAsUser: image.user,
  runAsGroup: image.user,
  // mounted secrets become readable to this group. On a volume that is ours already nothing is changed: the state
  // refuses files that a group can read
  fsGroup: image.user,
  fsGroupChangePolicy: 'OnRootMismatch',
  seccompProfile: { type: 'RuntimeDefault' },
}

export const containerSecurity = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  privileged: false,
  capabilities: { drop: ['ALL'] },
}

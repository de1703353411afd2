import type { LabClient } from '../lab-client.ts'

/** Ends every connection on these links and forgets what was recorded: what comes next is on new connections, recorded whole. */
export const freshWire = async (lab: LabClient, links: readonly string[]): Promise<void> => {
  await Promise.all(links.map(link => lab.wire(link).cut()))
  await Promise.all(links.map(link => lab.wire(link).reset()))
  // One more way there and back, so that callers have seen their connections end before they are used again.
  await lab.state()
}

/** Does `work` while a link is interfered with, and undoes that whatever happens. */
export const restoringWire = async <Result>(lab: LabClient, link: string, work: () => Promise<Result>) => {
  try {
    return await work()
  } finally {
    await lab.wire(link).restore()
    await lab.wire(link).cut()
  }
}

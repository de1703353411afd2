import { readFileSync } from 'node:fs'

/**
 * When a process began, in the kernel's own words, so that a number used again is not taken for the process that had it.
 * Null where the system does not tell (no /proc).
 */
export const bornAt = (pid: number): string | null => {
  try {
    // proc(5), /proc/pid/stat: the name in parentheses may hold anything, field 22 is the start time in clock ticks.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? 'dead' : (fields[19] ?? null)
  } catch {
    return null
  }
}

/** Is this very process still there? `born` as {@link bornAt} gave it at its start. */
export const isAlive = ({ pid, born }: { pid: number; born: string | null }): boolean => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return born === null || bornAt(pid) === born
}

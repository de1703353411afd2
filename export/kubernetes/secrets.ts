/** What the Secrets are called. A workload's name has no dot, so none of them is like another. */
export const bootstrapSecret = (workload: string): string => `${workload}.bootstrap`
export const operatorSecret = 'operator.token'

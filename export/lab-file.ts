import { image, secretPaths } from './image.ts'

const { ports } = image
const loopback = '127.0.0.1'

/** How a command line reaches a lab that runs elsewhere, through ports forwarded to this machine under the same numbers (HOP_LAB). */
export const labFile = (secretsIn: string): string =>
  `${JSON.stringify(
    {
      operator: `http://${loopback}:${ports.operator}`,
      wire: null,
      tokenFile: `${secretsIn}/${secretPaths.operator}`,
      control: { host: loopback, port: ports.control },
      edge: { host: loopback, port: ports.workload },
      redirect: { host: loopback, port: ports.redirect },
    },
    undefined,
    2,
  )}\n`

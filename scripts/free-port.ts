import { createServer } from 'node:net'

/** Why this address can't be listened on ('EADDRINUSE', 'EACCES' …), or null when it can. */
export function portProblem(port: number, host: string): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(null)))
  })
}

/** Below what systems give to outgoing connections, one of which would else take the port before it is listened on. */
const [FIRST, LAST] = [20_000, 32_000]

/** A port that was free a moment ago, at random: the next one who asks gets another. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST))
    if ((await portProblem(port, host)) === null) return port
  }
  throw new Error(`no free port on ${host} between ${FIRST} and ${LAST}`)
}

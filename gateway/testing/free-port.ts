/** For tests: ports that stay free until they are listened on, and free again after that. */
import { createServer } from 'node:net'

/** Below what systems give to outgoing connections: one of those would take the port while nobody listens. */
const [FIRST, LAST] = [20_000, 32_000]

/** Free at this moment; at random, so that tests at the same time get different ones. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST))
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}

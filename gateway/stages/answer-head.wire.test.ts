import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, test } from 'vitest'
import { writeAnswerHead } from './answer-head.ts'

const SAFE = ['x-first', 'one', 'ratelimit', '"a";r=1, "b";r=2;t=3', 'x-openai', 'caf\xe9']
const FRAMING = ['content-type', 'application/json', 'content-length', '2']

/** All that a caller gets who sends this. */
async function answerTo(request: string, writeHead: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((_request, response) => {
    writeHead(response)
    response.end(Buffer.from('{}'))
  })
  server.keepAliveTimeout = 7_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const text = await new Promise<string>((resolve, reject) => {
    let got = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    socket.on('error', reject).on('end', () => resolve(got))
    socket.setEncoding('latin1').on('data', (data) => {
      got += data
      if (got.endsWith('{}')) socket.end()
    })
  })
  await new Promise((resolve) => server.close(resolve))
  return text.replace(/Date: [^\r]*/, 'Date: then')
}

test.each([
  ['HTTP/1.1', 'GET / HTTP/1.1\r\nhost: h\r\n\r\n', false],
  ['the last request of a connection', 'GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n', false],
  ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', false],
  ['a page of the console', 'GET / HTTP/1.1\r\nhost: h\r\norigin: http://c\r\n\r\n', true],
])('an answer to %s is to the byte what node would write', async (_name, request, hasEarlier) => {
  const earlier = (response: ServerResponse) => hasEarlier && response.setHeader('vary', 'Origin')
  const ours = await answerTo(request, (response) => {
    earlier(response)
    writeAnswerHead(response, SAFE, FRAMING)
  })
  const nodes = await answerTo(request, (response) => {
    earlier(response)
    response.writeHead(200, [...SAFE, ...FRAMING])
  })
  expect(ours).toBe(nodes)
  expect(ours).toContain('\r\nratelimit: "a";r=1, "b";r=2;t=3\r\n')
})

/**
 * The head of a whole answer. Node looks through each name and value for what can't stand there, and the head is twenty
 * of them. Ours are made so that all of it can: their lines go in as they are, where node keeps its head as text.
 */
import { type IncomingMessage, ServerResponse } from 'node:http'

const STATUS_LINE = 'HTTP/1.1 200 OK\r\n'

/** What node made of `writeHead`, until it is sent. */
type WithHead = { _header?: unknown }

/**
 * Answers 200, with the bytes that `writeHead` would give all of them.
 * @param safe names and values in turn that hold nothing but printable ASCII, or what a vendor's parsed header held
 * @param framing names and values that node must know of; they stand behind
 */
export function writeAnswerHead(
  response: ServerResponse,
  safe: readonly string[],
  framing: readonly string[],
): void {
  // Headers that were set before stand first.
  if (!headIsText || response.getHeaderNames().length > 0) {
    response.writeHead(200, [...safe, ...framing])
    return
  }
  response.writeHead(200, [...framing])
  const made = (response as WithHead)._header as string
  let head = STATUS_LINE
  for (let index = 0; index < safe.length; index += 2) head += `${safe[index]}: ${safe[index + 1]}\r\n`
  ;(response as WithHead)._header = head + made.slice(STATUS_LINE.length)
}

const headIsText = keepsHeadAsText()

/** Whether this node does. */
function keepsHeadAsText(): boolean {
  const response = new ServerResponse({ method: 'POST' } as IncomingMessage)
  response.writeHead(200, ['x-name', 'value'])
  const head = (response as WithHead)._header
  return typeof head === 'string' && head.startsWith(`${STATUS_LINE}x-name: value\r\n`)
}

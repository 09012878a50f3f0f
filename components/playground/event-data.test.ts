import { expect, test } from 'vitest'
import { eventData } from './event-data'

const STREAM = Buffer.from(
  ': a comment\n\ndata: {"a":"å🙂"}\n\nevent: x\ndata:one\ndata: two\r\n\r\ndata: three\r\rid: 4\n\ndata: [DONE]\n\ndata: never ended',
)
const EVENTS = ['{"a":"å🙂"}', 'one\ntwo', 'three', '[DONE]']

function streamOf(chunks: readonly Uint8Array[], onCancel = () => {}): ReadableStream<BufferSource> {
  const left = [...chunks]
  return new ReadableStream<BufferSource>({
    pull(controller) {
      const chunk = left.shift()
      if (chunk) controller.enqueue(new Uint8Array(chunk))
      else controller.close()
    },
    cancel: onCancel,
  })
}

async function all(chunks: readonly Uint8Array[]): Promise<string[]> {
  const events = []
  for await (const data of eventData(streamOf(chunks))) events.push(data)
  return events
}

test('the events are the same wherever the bytes are split', async () => {
  expect(await all([STREAM])).toEqual(EVENTS)
  for (let at = 0; at <= STREAM.length; at += 1)
    expect(await all([STREAM.subarray(0, at), STREAM.subarray(at)]), `split at ${at}`).toEqual(EVENTS)
  expect(await all(Array.from(STREAM, (byte) => Uint8Array.of(byte)))).toEqual(EVENTS)
})

test('whoever stops listening ends the stream', async () => {
  let cancelled = false
  const endless = streamOf(
    Array.from({ length: 50 }, () => Buffer.from('data: x\n\n')),
    () => {
      cancelled = true
    },
  )
  for await (const data of eventData(endless)) if (data === 'x') break
  expect(cancelled).toBe(true)
})

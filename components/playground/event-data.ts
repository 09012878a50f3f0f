/** What the events of a stream carry (HTML, "Server-sent events"), each as soon as its last line is there. */
export async function* eventData(bytes: ReadableStream<BufferSource>): AsyncGenerator<string> {
  const reader = bytes.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  let data: string[] = []
  try {
    for (;;) {
      const { done, value } = await reader.read()
      rest += value ?? ''
      // A return at the very end may be the first half of a line's end.
      const held = !done && rest.endsWith('\r') ? '\r' : ''
      const lines = rest.slice(0, rest.length - held.length).split(/\r\n|\n|\r/)
      rest = `${lines.pop() ?? ''}${held}`
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0) yield data.join('\n')
          data = []
        } else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5))
      }
      if (done) return
    }
  } finally {
    // Whoever stops listening lets go of the connection.
    await reader.cancel().catch(() => {})
  }
}

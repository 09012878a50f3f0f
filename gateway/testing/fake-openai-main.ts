/** The fake vendor as a process of its own: `node gateway/testing/fake-openai-main.ts <port>`; prints its address. */
import { startFakeOpenAi } from './fake-openai.ts'

const fake = await startFakeOpenAi(Number(process.argv[2] ?? 0))
process.stdout.write(`${fake.baseUrl}\n`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    fake.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  })
}

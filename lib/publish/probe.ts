import 'server-only'
import type { ProbeResult } from '../contract/control.ts'
import type { ProviderEntity } from '../contract/entities.ts'
import type { ProviderTest } from '../resources/providers/schema.ts'
import type { Questions } from './questions.ts'
import { publishingRuntime } from './runtime.ts'

const PROBE_TIMEOUT_MS = 15_000
/** For the way there and back. */
const MARGIN_MS = 2_000

/**
 * "Test connection": reaches a provider through a gateway, by the production code path, and tells what came of it.
 * Without `model` its models are listed; with it one small call is made, outside the books. It takes 17 seconds at
 * most, and resolves also when all goes wrong.
 * @throws what the database throws when it is away.
 */
export async function probe(
  provider: ProviderEntity,
  model?: string,
  questions: Questions = publishingRuntime().questions,
): Promise<ProviderTest> {
  const startedAt = performance.now()
  const withinMs = PROBE_TIMEOUT_MS + MARGIN_MS
  const result = await questions.ask(
    (probeId) => ({
      kind: 'probe',
      probeId,
      provider,
      ...(model === undefined ? {} : { model }),
      timeoutMs: PROBE_TIMEOUT_MS,
    }),
    withinMs,
  )
  if (result === 'noGateway')
    return failure('no_gateway', 'No gateway is connected: the test runs through one. Start a gateway.')
  if (result === 'timeout') {
    return {
      ...failure('timeout', `No answer within ${withinMs / 1_000} seconds.`),
      latencyMs: Math.round(performance.now() - startedAt),
    }
  }
  const { ok, message, status, code, latencyMs, models } = result.answer as ProbeResult
  return { ok, message, status, code, latencyMs, models }
}

function failure(code: string, message: string): ProviderTest {
  return { ok: false, message, status: null, code, latencyMs: 0, models: [] }
}

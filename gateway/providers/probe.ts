/** "Test connection": reaches a provider by the code path that production takes, outside the books of any team. */
import type { ProbeResult } from '../../lib/contract/control.ts'
import type { ProviderEntity } from '../../lib/contract/entities.ts'
import type { Clock } from '../clock.ts'
import { isRecord } from '../dialects/openai-usage.ts'
import {
  type Upstream,
  UpstreamError,
  type UpstreamExchange,
  type UpstreamHeaders,
} from '../upstream/upstream.ts'
import { type Endpoint, endpointOf, requestTo, USER_AGENT } from './endpoint.ts'
import {
  failureOfConnection,
  failureOfStatus,
  parseJson,
  timedOut,
  type VendorFailure,
} from './vendor-failure.ts'

export interface ProbeOptions {
  readonly provider: ProviderEntity
  /** Absent: list models only. Else one call of at most 16 output tokens besides. */
  readonly model?: string | undefined
  readonly timeoutMs: number
  readonly upstream: Upstream
  readonly clock: Clock
}

export type ProbeOutcome = Omit<ProbeResult, 'gatewayId' | 'probeId'>

const MAX_BODY_BYTES = 4 * 1024 * 1024
const MAX_MODELS = 200

/** Never rejects: what went wrong is the outcome. */
export async function probeProvider(options: ProbeOptions): Promise<ProbeOutcome> {
  const { provider, clock, model } = options
  const startedAt = clock.monotonic()
  const deadline = startedAt + options.timeoutMs
  const outcome = (
    ok: boolean,
    message: string,
    answer: Answer | null,
    code: string | null,
  ): ProbeOutcome => ({
    ok,
    message: message.slice(0, 2_000),
    status: answer?.status ?? null,
    code,
    latencyMs: Math.max(0, Math.round(clock.monotonic() - startedAt)),
    models,
  })
  let models: string[] = []
  const endpoint = endpointOf(provider, clock)
  if (!endpoint) {
    const message = `This gateway can't speak to a provider of kind ${provider.kind}${provider.baseUrl ? '' : ' without a base URL'}.`
    return outcome(false, message, null, 'no_target_available')
  }

  const listing = await ask(endpoint, options, deadline, 'GET', '/models', null)
  const listed = listing.failure ?? failureOf(endpoint, listing, clock)
  if (!listed) models = modelsIn(listing.body)
  // Some vendors list no models; where a model was named, its answer decides.
  const listless = listing.status === 404 || listing.status === 405
  if (listed && !(listless && model !== undefined)) {
    const hint = listless ? ' It may not list its models: name one to test.' : ''
    return outcome(false, listed.error.message + hint, listing, listed.error.code)
  }
  if (!listed && !isRecord(parseJson(listing.body))) {
    return outcome(
      false,
      'The address answers, but not like an API: is the path right?',
      listing,
      'provider_error',
    )
  }
  if (model === undefined) {
    const count =
      models.length === 0
        ? ''
        : ` It lists ${models.length === MAX_MODELS ? 'at least ' : ''}${models.length} models.`
    return outcome(true, `The provider answers and takes the credentials.${count}`, listing, null)
  }

  const body = Buffer.from(
    JSON.stringify({
      model,
      messages: [{ role: 'user', content: 'Say hi.' }],
      [endpoint.provider.outputCap(endpoint.entity).member]: 16,
    }),
  )
  const answer = await ask(endpoint, options, deadline, 'POST', '/chat/completions', body)
  const failure = answer.failure ?? failureOf(endpoint, answer, clock)
  if (failure) return outcome(false, failure.error.message, answer, failure.error.code)
  const fields = parseJson(answer.body)
  if (!isRecord(fields) || !Array.isArray(fields.choices)) {
    return outcome(
      false,
      'The provider answered with something that is no chat completion.',
      answer,
      'provider_error',
    )
  }
  return outcome(true, `The provider answers, and ${model} completes.`, answer, null)
}

interface Answer {
  readonly status: number | null
  readonly headers: UpstreamHeaders
  readonly body: Buffer
  readonly failure: VendorFailure | null
}

function ask(
  endpoint: Endpoint,
  { clock, upstream }: ProbeOptions,
  deadline: number,
  method: 'GET' | 'POST',
  path: string,
  body: Buffer | null,
): Promise<Answer> {
  return new Promise((resolve) => {
    const answer = {
      status: null as number | null,
      headers: {} as UpstreamHeaders,
      chunks: [] as Buffer[],
      bytes: 0,
    }
    const finish = (failure: VendorFailure | null) => {
      clearTimeout(timer)
      resolve({ status: answer.status, headers: answer.headers, body: Buffer.concat(answer.chunks), failure })
    }
    const headers: Record<string, string> = {
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': USER_AGENT,
    }
    if (body) headers['content-type'] = 'application/json'
    // Our own guard may say no before `dispatch` returns: then there is nothing to give up.
    const running: { exchange: UpstreamExchange | null } = { exchange: null }
    const timer = setTimeout(
      () => {
        running.exchange?.abort()
        finish(
          timedOut(endpoint, `The provider ${endpoint.entity.name} did not answer in time.`, answer.status),
        )
      },
      Math.max(1, deadline - clock.monotonic()),
    )
    running.exchange = (endpoint.simulated ?? upstream).dispatch(
      requestTo(endpoint, { method, path, headers, body }, 0),
      {
        onHeaders(status, told) {
          answer.status = status
          answer.headers = told
        },
        onData(chunk) {
          answer.bytes += chunk.length
          if (answer.bytes <= MAX_BODY_BYTES) {
            answer.chunks.push(chunk)
            return
          }
          running.exchange?.abort()
          finish(failureOfConnection(endpoint, new UpstreamError('tooLarge', 'too large'), answer.status))
        },
        onEnd: () => finish(null),
        onError: (error) => finish(failureOfConnection(endpoint, error, answer.status)),
      },
    )
  })
}

function failureOf(
  endpoint: Endpoint,
  { status, headers, body }: Answer,
  clock: Clock,
): VendorFailure | null {
  if (status !== null && status >= 200 && status < 300) return null
  return failureOfStatus(endpoint, status ?? 0, headers, body, clock.now())
}

function modelsIn(body: Buffer): string[] {
  const fields = parseJson(body)
  const data = isRecord(fields) && Array.isArray(fields.data) ? fields.data : []
  return data
    .flatMap((model: unknown) =>
      isRecord(model) && typeof model.id === 'string' ? [model.id.slice(0, 200)] : [],
    )
    .slice(0, MAX_MODELS)
}

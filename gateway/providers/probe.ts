/** "Test connection": reaches a provider by the code path that production takes, outside the books of any team. */
import type { ProbeResult } from '../../lib/contract/control.ts'
import type { ProviderEntity } from '../../lib/contract/entities.ts'
import type { Clock } from '../clock.ts'
import { isRecord } from '../dialects/openai-usage.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { type Asking, askProvider, type ProviderAnswer } from './ask.ts'
import { type Endpoint, endpointOf } from './endpoint.ts'
import { failureOfStatus, parseJson, type VendorFailure } from './vendor-failure.ts'

export interface ProbeOptions {
  readonly provider: ProviderEntity
  /** Absent: list models only. Else one call of at most 16 output tokens besides. */
  readonly model?: string | undefined
  readonly timeoutMs: number
  readonly upstream: Upstream
  readonly clock: Clock
}

export type ProbeOutcome = Omit<ProbeResult, 'gatewayId' | 'probeId'>

const MAX_MODELS = 200

/** Never rejects: what went wrong is the outcome. */
export async function probeProvider(options: ProbeOptions): Promise<ProbeOutcome> {
  const { provider, clock, model } = options
  const startedAt = clock.monotonic()
  const deadline = startedAt + options.timeoutMs
  const outcome = (
    ok: boolean,
    message: string,
    answer: ProviderAnswer | null,
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

  const { upstream } = options
  const ask = (request: Pick<Asking, 'method' | 'path' | 'body'>, credential = 0) =>
    askProvider({ endpoint, upstream, clock, deadline, credential, ...request })
  const list = { method: 'GET', path: '/models', body: null } as const
  const [listing, ...others] = await Promise.all([
    ask(list),
    ...endpoint.secrets.slice(1).map((_, before) => ask(list, before + 1)),
  ])
  const refusal = refusalOf([listing, ...others])
  if (refusal) return outcome(false, refusal.message, refusal.answer, 'provider_error')
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
  const answer = await ask({ method: 'POST', path: '/chat/completions', body })
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

/** Of several credentials those that the vendor does not take, by their place in the list; null: it takes all. */
function refusalOf(
  answers: readonly ProviderAnswer[],
): { readonly message: string; readonly answer: ProviderAnswer } | null {
  const refused = answers.flatMap((answer, position) =>
    answer.status === 401 || answer.status === 402 || answer.status === 403 ? [{ answer, position }] : [],
  )
  const [first] = refused
  if (!first || answers.length === 1) return null
  const places = refused.map(({ answer, position }) => `number ${position + 1} (HTTP ${answer.status})`)
  const message = `The provider does not accept ${refused.length} of its ${answers.length} credentials: ${places.join(', ')}.`
  return { message, answer: first.answer }
}

function failureOf(
  endpoint: Endpoint,
  { status, headers, body }: ProviderAnswer,
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

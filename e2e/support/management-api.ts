import type { Product } from './product.ts'

export interface Answer<T> {
  readonly status: number
  readonly headers: Headers
  readonly body: T
}

export interface ManagementApi {
  request<T = unknown>(method: string, where: string, body?: unknown): Promise<Answer<T>>
  get<T>(where: string): Promise<T>
  post<T>(where: string, body: unknown): Promise<T>
}

/** The management API with an access token; `where` is below `/api/v1`. `get` and `post` throw on an error. */
export function managementApi({ adminUrl, token }: Pick<Product, 'adminUrl' | 'token'>): ManagementApi {
  const request = async <T>(method: string, where: string, body?: unknown): Promise<Answer<T>> => {
    const response = await fetch(`${adminUrl}/api/v1${where}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? null : JSON.parse(text)) as T,
    }
  }
  const good = async <T>(method: string, where: string, body?: unknown): Promise<T> => {
    const answer = await request<T>(method, where, body)
    if (answer.status < 300) return answer.body
    throw new Error(`${method} ${where}: ${answer.status} ${JSON.stringify(answer.body)}`)
  }
  return {
    request,
    get: (where) => good('GET', where),
    post: (where, body) => good('POST', where, body),
  }
}

export interface Way {
  readonly teamId: string
  readonly teamName: string
  readonly consumerId: string
  readonly consumerName: string
  readonly providerId: string
  readonly providerName: string
  readonly routeId: string
  readonly route: string
  readonly keyId: string
  readonly keyName: string
  readonly secret: string
}

/** Input and output, USD for a million tokens; odd enough that a wrong sum shows. */
export const PRICE = { input: '2.50', output: '10.03' } as const

interface Named {
  readonly id: string
}

/** Team, consumer, provider at `vendorUrl` with its price, route and key: all that a call needs, named after `name`. */
export async function makeWay(api: ManagementApi, name: string, vendorUrl: string): Promise<Way> {
  const team = await api.post<Named>('/teams', { name: `${name} team` })
  const consumer = await api.post<Named>('/consumers', { name: `${name} consumer`, teamId: team.id })
  const provider = await api.post<Named>('/providers', {
    name: `${name} vendor`,
    kind: 'openai-compatible',
    baseUrl: vendorUrl,
    allowPrivateNetwork: true,
  })
  await api.post('/prices', {
    providerId: provider.id,
    model: 'gpt-fake',
    inputUsdPerMillion: PRICE.input,
    outputUsdPerMillion: PRICE.output,
  })
  const route = `${name}-route`
  const made = await api.post<Named>('/routes', {
    name: route,
    targets: [{ providerId: provider.id, model: 'gpt-fake' }],
  })
  const key = await api.post<Named & { secret: string }>('/keys', {
    name: `${name} key`,
    consumerId: consumer.id,
  })
  return {
    teamId: team.id,
    teamName: `${name} team`,
    consumerId: consumer.id,
    consumerName: `${name} consumer`,
    providerId: provider.id,
    providerName: `${name} vendor`,
    routeId: made.id,
    route,
    keyId: key.id,
    keyName: `${name} key`,
    secret: key.secret,
  }
}

/** Exact: USD of so many tokens at the prices of `PRICE`, in pico-dollars. */
export function picoCost(inputTokens: number, outputTokens: number): bigint {
  return BigInt(inputTokens) * pico(PRICE.input, 6) + BigInt(outputTokens) * pico(PRICE.output, 6)
}

/** A decimal amount of dollars as pico-dollars; `per` 6 for a price by the million, so that it is of one token. */
export function pico(usd: string, per = 0): bigint {
  const [whole = '0', fraction = ''] = usd.split('.')
  return BigInt(whole + fraction.padEnd(12 - per, '0'))
}

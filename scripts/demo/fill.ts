/** Makes the example company through the public API; what is there already is kept. */
import type { Api } from './api.ts'
import { ApiFailure } from './api.ts'
import { DEMO_MARK, type DemoConsumer, LIMITS, PROVIDERS, ROUTES, TEAMS } from './company.ts'

interface Named {
  readonly id: string
  readonly name: string
}

interface ConsumerRow extends Named {
  readonly teamId: string
  readonly description: string | null
}

export interface Caller {
  readonly consumer: DemoConsumer
  readonly secret: string
}

/** The callers of the traffic, each with a key that works. */
export async function fill(api: Api): Promise<Caller[]> {
  const providers = await api.all<Named>('/providers')
  const providerIds = new Map<string, string>()
  for (const provider of PROVIDERS) {
    const there = providers.find((row) => row.name === provider.name)
    providerIds.set(provider.name, (there ?? (await api.post<Named>('/providers', provider))).id)
  }
  const routes = new Set((await api.all<Named>('/routes')).map((row) => row.name))
  for (const { targets, ...route } of ROUTES) {
    if (routes.has(route.name)) continue
    await api.post('/routes', {
      ...route,
      targets: targets.map(({ provider, ...target }) => ({
        ...target,
        providerId: providerIds.get(provider),
      })),
    })
  }
  const callers: Caller[] = []
  const teams = await api.all<Named>('/teams')
  const consumers = await api.all<ConsumerRow>('/consumers')
  for (const team of TEAMS) {
    const { id: teamId } =
      teams.find((row) => row.name === team.name) ?? (await api.post<Named>('/teams', { name: team.name }))
    for (const consumer of team.consumers) callers.push(await fillConsumer(api, teamId, consumer, consumers))
  }
  await fillLimits(api)
  return callers
}

async function fillLimits(api: Api): Promise<void> {
  const there = new Set((await api.all<Named>('/limits')).map(({ name }) => name))
  const teams = new Map((await api.all<Named>('/teams')).map(({ name, id }) => [name, { type: 'team', id }]))
  const consumers = (await api.all<ConsumerRow>('/consumers')).filter(isOurs)
  const scopes = new Map([
    ...teams,
    ...consumers.map(({ name, id }) => [name, { type: 'consumer', id }] as const),
  ])
  for (const { of, ...limit } of LIMITS) {
    if (!there.has(limit.name)) await api.post('/limits', { ...limit, scope: scopes.get(of) })
  }
}

const isOurs = ({ description }: ConsumerRow): boolean => description?.endsWith(`${DEMO_MARK}.`) ?? false

async function fillConsumer(
  api: Api,
  teamId: string,
  consumer: DemoConsumer,
  there: ConsumerRow[],
): Promise<Caller> {
  const { id: consumerId } =
    there.find((row) => row.name === consumer.name && row.teamId === teamId) ??
    (await api.post<Named>('/consumers', {
      name: consumer.name,
      teamId,
      description: `${consumer.purpose}. ${DEMO_MARK}.`,
    }))
  const keys = await api.all<Named & { status: string }>(`/keys?consumerId=${consumerId}`)
  const [sending, ...others] = consumer.keys
  for (const name of others) {
    if (!keys.some((key) => key.name === name)) await api.post('/keys', { name, consumerId })
  }
  const known = keys.find((key) => key.name === sending && key.status !== 'revoked')
  const { secret } = known
    ? await api.post<{ secret: string }>(`/keys/${known.id}/rotate`, { graceSeconds: 3600 })
    : await api.post<{ secret: string }>('/keys', { name: sending, consumerId })
  return { consumer, secret }
}

/** Takes the example company away again. Calls that were made stay in the log. */
export async function remove(api: Api): Promise<string[]> {
  const removed: string[] = []
  const drop = async (collection: string, row: Named) => {
    try {
      await api.remove(`/${collection}/${row.id}`)
      removed.push(row.name)
    } catch (error) {
      if (!(error instanceof ApiFailure) || (error.status !== 409 && error.status !== 404)) throw error
    }
  }
  const names = new Set(PROVIDERS.map((provider) => provider.name as string))
  const providers = (await api.all<Named & { kind: string }>('/providers')).filter(
    (row) => names.has(row.name) && row.kind === 'sandbox',
  )
  const ours = new Set(providers.map((row) => row.id))
  for (const route of await api.all<Named & { targets: { providerId: string }[] }>('/routes')) {
    const demo = ROUTES.some((known) => known.name === route.name)
    if (demo && route.targets.every((target) => ours.has(target.providerId))) await drop('routes', route)
  }
  for (const provider of providers) await drop('providers', provider)
  const limitNames = new Set<string>(LIMITS.map((limit) => limit.name))
  for (const limit of await api.all<Named>('/limits'))
    if (limitNames.has(limit.name)) await drop('limits', limit)
  for (const consumer of await api.all<ConsumerRow>('/consumers'))
    if (isOurs(consumer)) await drop('consumers', consumer)
  const teamNames = new Set(TEAMS.map((team) => team.name))
  for (const team of await api.all<Named>('/teams')) if (teamNames.has(team.name)) await drop('teams', team)
  return removed
}

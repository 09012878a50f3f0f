/**
 * The same gateway with four limits and three budgets in force, which never refuse: the calls of a team of its own, so
 * that what policies cost is told from what everything else does, in one process and in the same rounds.
 */
import type { Contestant } from './contestant.ts'
import type { GatehouseContestant } from './gatehouse.ts'

const PLENTY = 1_000_000_000

export async function startWithPolicies(gatehouse: GatehouseContestant): Promise<Contestant> {
  const { call, version, port, path, model, pids, drained } = gatehouse
  const team = await call('POST', '/teams', { name: 'Bench, with policies' })
  const consumer = await call('POST', '/consumers', { name: 'load, with policies', teamId: team.id })
  const key = await call('POST', '/keys', { name: 'load, with policies', consumerId: consumer.id })
  const [ofTeam, ofConsumer, ofKey] = [
    { type: 'team', id: team.id },
    { type: 'consumer', id: consumer.id },
    { type: 'key', id: key.id },
  ]
  for (const limit of [
    { scope: ofKey, metric: 'requests', limit: PLENTY, windowSeconds: 60 },
    { scope: ofTeam, metric: 'tokens', limit: PLENTY, windowSeconds: 60 },
    { scope: ofTeam, metric: 'outputTokens', limit: PLENTY, windowSeconds: 60 },
    { scope: ofConsumer, metric: 'concurrency', limit: PLENTY },
  ])
    await call('POST', '/limits', { name: `bench ${limit.metric}`, ...limit })
  for (const [scope, period] of [
    [ofTeam, 'month'],
    [ofConsumer, 'day'],
    [ofKey, 'hour'],
  ] as const)
    await call('POST', '/budgets', {
      name: `bench ${period}`,
      scope,
      period,
      amountUsd: String(PLENTY),
      enforcement: 'hard',
    })
  return {
    name: 'Gatehouse with policies',
    version,
    port,
    path,
    headers: { authorization: `Bearer ${key.secret}` },
    model,
    pids,
    drained,
    // Its product is stopped as the contestant that it is.
    stop: async () => {},
  }
}

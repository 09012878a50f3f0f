'use client'

import { useMutation } from '@tanstack/react-query'
import { type ApiAnswer, apiGet, apiSend } from '@/components/data/api'
import type { Page } from '@/components/data/collection'
import { toastProblem, useSaved } from '@/components/data/save'
import type { Provider } from '@/lib/resources/providers/schema'
import type { Route } from '@/lib/resources/routes/schema'

export const SANDBOX_PROVIDER = 'Sandbox'
export const SANDBOX_ROUTE = 'sandbox-chat'
const SANDBOX_MODEL = 'sandbox-small'

/** A simulated vendor and a route to it, so that the way through can be walked without an account anywhere. */
export function useSandbox() {
  const saved = useSaved()
  return useMutation({
    mutationFn: async () => {
      const provider = await ensureProvider()
      const route = await apiSend<Route>('POST', '/routes', {
        name: await freeRouteName(),
        targets: [{ providerId: provider.id, model: SANDBOX_MODEL }],
      })
      return route
    },
    onSuccess: (route: ApiAnswer<Route>) => saved(route, `Route ${route.data.name} answers from the sandbox`),
    onError: (error) => toastProblem(error, 'The sandbox could not be set up'),
  })
}

async function ensureProvider(): Promise<Provider> {
  const { data } = await apiGet<Page<Provider>>('/providers', { limit: 100 })
  const there = data.find((provider) => provider.kind === 'sandbox')
  if (there) return there
  return (await apiSend<Provider>('POST', '/providers', { name: SANDBOX_PROVIDER, kind: 'sandbox' })).data
}

/** A second click, or a route of that name to a real vendor, must not be in the way. */
async function freeRouteName(): Promise<string> {
  const { data } = await apiGet<Page<Route>>('/routes', { limit: 100, q: SANDBOX_ROUTE })
  const taken = new Set(data.map((route) => route.name))
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? SANDBOX_ROUTE : `${SANDBOX_ROUTE}-${number}`
    if (!taken.has(name)) return name
  }
}

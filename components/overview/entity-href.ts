/** Where a thing is shown: a page where it has tabs, else the panel beside its list. */
const PLACES: Record<string, (id: string) => string> = {
  team: (id) => `/teams/${id}`,
  consumer: (id) => `/consumers?consumer=${id}`,
  key: (id) => `/keys?key=${id}`,
  user: (id) => `/users?user=${id}`,
  provider: (id) => `/providers/${id}`,
  route: (id) => `/routes/${id}`,
  budget: (id) => `/budgets/${id}`,
  limit: (id) => `/limits?limit=${id}`,
  gateway: (id) => `/gateways?gateway=${id}`,
  revision: (id) => `/revisions/${id}`,
}

/** Null for a kind of thing that has no place of its own. */
export function entityHref(type: string, id: string): string | null {
  return PLACES[type]?.(encodeURIComponent(id)) ?? null
}

'use client'

import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { apiGet, apiRead, type Query } from './api'

export interface Page<T> {
  data: T[]
  nextCursor: string | null
}

/** A collection, page by page. Its key starts with `resource`, which a save or a new revision reads again. */
export function useCollection<T>(
  path: string,
  query: Query,
  options: { limit?: number; enabled?: boolean } = {},
) {
  return useInfiniteQuery({
    queryKey: ['resource', path, 'list', query, options.limit],
    queryFn: ({ pageParam, signal }) =>
      apiGet<Page<T>>(path, { ...query, limit: options.limit ?? 50, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
    enabled: options.enabled ?? true,
  })
}

/** The first page alone, for choices and counts. */
export function useOptions<T>(path: string, query: Query = {}, enabled = true) {
  return useQuery({
    queryKey: ['resource', path, 'options', query],
    queryFn: async ({ signal }) => (await apiGet<Page<T>>(path, { limit: 100, ...query }, signal)).data,
    placeholderData: keepPreviousData,
    enabled,
  })
}

/** Under which one object is kept. */
export const resourceKey = (path: string, id: string | null) => ['resource', path, 'one', id]

/** One object with its ETag. */
export function useResource<T>(path: string, id: string | null) {
  return useQuery({
    queryKey: resourceKey(path, id),
    queryFn: ({ signal }) => apiRead<T>(`${path}/${encodeURIComponent(id ?? '')}`, undefined, signal),
    enabled: id !== null,
  })
}

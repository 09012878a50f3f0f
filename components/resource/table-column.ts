import type { ReactNode } from 'react'

export interface Column<T> {
  id: string
  /** Sentence case, with the unit: "Cost, USD". */
  header: string
  cell: (row: T) => ReactNode
  /** The field that `?sort=` takes; without it the column can't be sorted. */
  sort?: string
  align?: 'right'
  /** Tailwind width classes for the column. */
  width?: string
  /** Left out on screens narrower than this; the detail shows it. */
  from?: 'sm' | 'md' | 'lg' | 'xl'
  /** Off until chosen. */
  hidden?: boolean
}

export interface TableFilter {
  /** The query parameter, in the URL and of the API. */
  id: string
  label: string
  options: readonly { value: string; label: string }[]
}

/** What keeps a column off narrow screens. */
export const HIDDEN_BELOW = {
  sm: 'max-sm:hidden',
  md: 'max-md:hidden',
  lg: 'max-lg:hidden',
  xl: 'max-xl:hidden',
} as const

import type { ReactNode } from 'react'

export interface Column<T> {
  id: string
  /** Sentence case, with the unit: "Cost, USD". */
  header: string
  cell: (row: T) => ReactNode
  /** The field that `?sort=` takes; without it the column can't be sorted. */
  sort?: string
  align?: 'right'
  /**
   * Shares what the other columns leave with the rest of its kind, by this weight, and cuts what does not fit; so a
   * table with a name of sixty letters is as wide as the page. Without it a column is as wide as what is in it.
   */
  grow?: number
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

const LEVELS = ['base', 'sm', 'md', 'lg', 'xl'] as const

/** The share of a growing column at each width of the screen, as custom properties for `GROWN`. */
export function grownShares<T>(columns: readonly Column<T>[], column: Column<T>): Record<string, string> {
  const shares = LEVELS.map((level, index) => {
    const shown = columns.filter((other) => LEVELS.indexOf(other.from ?? 'base') <= index)
    const sum = shown.reduce((total, other) => total + (other.grow ?? 0), 0)
    return [`--w-${level}`, `${Math.round((1000 * (column.grow ?? 0)) / Math.max(sum, 1)) / 10}%`]
  })
  return Object.fromEntries(shares)
}

export const GROWN = 'w-(--w-base) sm:w-(--w-sm) md:w-(--w-md) lg:w-(--w-lg) xl:w-(--w-xl)'

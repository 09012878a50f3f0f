import type { Metadata } from 'next'
import { NewRoutePage } from '@/components/routes/route-pages'

export const metadata: Metadata = { title: 'Create route' }

export default function Page() {
  return <NewRoutePage />
}

import type { Metadata } from 'next'
import { RoutesScreen } from '@/components/routes/routes-screen'

export const metadata: Metadata = { title: 'Routes' }

export default function Page() {
  return <RoutesScreen />
}

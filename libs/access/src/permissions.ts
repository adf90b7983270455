/** What a person sees where permissions are given out. */
export interface PermissionLabel {
  pt: string;
  en: string;
}

/**
 * Every permission there is: `<what>.<verb>`. A name is for ever, since an admin's groups refer to it;
 * whatever is dangerous on its own (money, law, personal data) is a permission on its own.
 */
export const PERMISSIONS = {
  'integrations.read': { pt: 'Ver integrações e suas configurações', en: 'See integrations and their settings' },
  'integrations.write': { pt: 'Alterar configurações e credenciais', en: 'Change settings and credentials' },
  'integrations.write-vendor': {
    pt: 'Alterar o que é reservado ao fornecedor (periodicidade)',
    en: 'Change what is reserved to the vendor (cadence)',
  },
  'system-parameters.write': {
    pt: 'Alterar parâmetros do sistema (046)',
    en: 'Change system parameters (046)',
  },
  'integrations.test': { pt: 'Testar a conexão com o parceiro', en: 'Test the connection to the partner' },
  'runs.read': { pt: 'Ver execuções', en: 'See runs' },
  'runs.start': { pt: 'Executar agora', en: 'Run now' },
  'deliveries.read': { pt: 'Ver entregas e tentativas', en: 'See deliveries and attempts' },
  'deliveries.retry': { pt: 'Tentar novamente uma entrega', en: 'Retry a delivery' },
  'deliveries.skip': { pt: 'Descartar uma entrega, com motivo', en: 'Skip a delivery, with a reason' },
  'deliveries.resolve': {
    pt: 'Dizer se uma chamada paga ou irreversível aconteceu',
    en: 'Say whether a paid or irreversible call happened',
  },
  'deliveries.edit': { pt: 'Editar e reenviar', en: 'Edit and resend' },
  'redrives.start': { pt: 'Reenviar em lote', en: 'Redrive in bulk' },
  'reconciliations.start': {
    pt: 'Conferir com o que o parceiro tem',
    en: 'Compare with what the partner holds',
  },
  'endpoints.read': { pt: 'Ver pausas e disjuntores', en: 'See pauses and breakers' },
  'endpoints.pause': { pt: 'Pausar e retomar um parceiro', en: 'Pause and resume a partner' },
  'balance.read': { pt: 'Ver o balanço de cada hora', en: 'See the hourly balance' },
  'balance.repair': {
    pt: 'Reemitir o que falta no balanço, ou aceitar a diferença',
    en: 'Have what the balance misses emitted again, or accept the difference',
  },
  'events.read': { pt: 'Consultar eventos', en: 'Search events' },
  'events.resolve': { pt: 'Resolver eventos retidos', en: 'Resolve parked events' },
  'events.fix': { pt: 'Corrigir o conteúdo de um evento retido', en: 'Mend the contents of a parked event' },
  'events.read-personal': { pt: 'Ver dados pessoais sem máscara', en: 'See personal data unmasked' },
  'reader.read': { pt: 'Ver a leitura da outbox do ERP', en: "See the reading of the ERP's outbox" },
  'reader.resolve': { pt: 'Liberar linhas retidas da outbox', en: 'Release parked outbox rows' },
  'reader.backfill': {
    pt: 'Pedir e cancelar a varredura das visões do ERP',
    en: "Ask for and cancel a walk through the ERP's views",
  },
  'audit.verify': { pt: 'Verificar a cadeia de auditoria', en: 'Verify the audit chain' },
  'audit.export': { pt: 'Exportar a auditoria', en: 'Export the audit' },
  'audit.erase': { pt: 'Eliminar os dados de uma pessoa (LGPD)', en: "Erase a person's data (LGPD)" },
  /** The name is the one user groups have in the ERP's manual; each analysis is paid for. */
  'credit-analyses.request': {
    pt: 'Clientes - Permite utilizar consulta Deps',
    en: 'Customers - may use the DEPS credit query',
  },
  'credit-analyses.read': {
    pt: 'Ver o histórico de análises de crédito',
    en: 'See the history of credit analyses',
  },
  'credit-limits.decide': {
    pt: 'Decidir situação e limite de crédito por uma análise',
    en: 'Decide credit situation and limit by an analysis',
  },
  'access.manage': { pt: 'Administrar grupos e permissões', en: 'Manage groups and permissions' },
} as const satisfies Record<string, PermissionLabel>;

export type Permission = keyof typeof PERMISSIONS;

export function isPermission(name: unknown): name is Permission {
  return typeof name === 'string' && Object.hasOwn(PERMISSIONS, name);
}

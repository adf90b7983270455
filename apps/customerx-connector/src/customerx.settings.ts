import {
  IsBoolean,
  IsEmail,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUrl,
  Length,
  Max,
  Min,
  ValidateIf,
} from 'class-validator';
import { ExternalIdPrefix, PartnerSettings } from '#libs/connector-kit';
import type { Secret } from '#libs/runtime';
import { Setting } from '#libs/settings';

export const AUTHORIZATION_FORMS = ['raw', 'bearer', 'api_key'] as const;
export const DATE_FORMATS = ['DD/MM/YYYY', 'YYYY-MM-DD'] as const;
export const TRACKINGS = ['none', 'per-settlement', 'per-run'] as const;
export const RECONCILIATIONS = ['off', 'daily', 'weekly'] as const;

/** Credential and key are asked for where they are used. */
const tracks = ({ tracking }: CustomerXSettings) => tracking !== 'none';
const WHILE_TRACKING = { setting: 'tracking', equals: ['per-settlement', 'per-run'] } as const;
const tracksRuns = ({ tracking }: CustomerXSettings) => tracking === 'per-run';

/** What an operator fills in for one company's CustomerX account. The manual's labels; the codes come from CustomerX. */
export class CustomerXSettings extends PartnerSettings {
  override baseUrl: string = 'https://api.customerx.com.br/api/v1';

  /** [Periodicidade] Every two hours; only the vendor changes it. */
  override periodicityMinutes: number = 120;

  @Setting({
    label: { pt: 'Token', en: 'Token' },
    help: { pt: 'Fornecido pelo CustomerX.', en: 'Given by CustomerX.' },
    secret: true,
  })
  token!: Secret;

  @ValidateIf(tracks)
  @Setting({
    label: { pt: 'Credential', en: 'Credential' },
    help: { pt: 'Da API de rastreamento.', en: 'Of the tracking API.' },
    secret: true,
  })
  credential?: Secret;

  @ValidateIf(tracks)
  @Setting({
    label: { pt: 'Chave', en: 'Key' },
    help: { pt: 'Da API de rastreamento.', en: 'Of the tracking API.' },
    secret: true,
  })
  key?: Secret;

  @IsBoolean()
  @Setting({
    label: { pt: 'Considerar Und. de Negócio como Cliente', en: 'Consider business unit as customer' },
    help: {
      pt: 'Usa o código da unidade de negócio, em vez do da filial, como external_id_client.',
      en: "Uses the business unit's code instead of the branch's as external_id_client.",
    },
    resends: true,
  })
  businessUnitAsClient: boolean = false;

  @IsInt()
  @Min(0)
  @Max(200)
  @Setting({
    label: { pt: 'Tamanho máximo do código de cliente', en: 'Maximum length of a client code' },
    help: {
      pt: 'O CustomerX pode cortar external_id_client (há relatos de 6). Um código mais longo é recusado. 0: sem limite.',
      en: 'CustomerX may cut external_id_client (6 is reported). A longer code is refused. 0: no limit.',
    },
  })
  maxIdLength: number = 0;

  @ExternalIdPrefix()
  externalIdPrefix: string = '';

  @IsBoolean()
  @Setting({
    label: { pt: 'Enviar apenas o último estado por janela', en: 'Send only the latest state per window' },
    help: {
      pt: 'Desligado: todas as movimentações são enviadas.',
      en: 'Off: every movement is sent.',
    },
  })
  sendOnlyLatest: boolean = false;

  @IsBoolean()
  @Setting({
    label: { pt: 'Cadastrar clientes no CustomerX', en: 'Register clients at CustomerX' },
    help: {
      pt: 'Cria e atualiza o cliente a partir do cadastro de filiais ou de unidades de negócio, antes do título.',
      en: 'Creates and updates the client from the register of branches or business units, ahead of the title.',
    },
  })
  registerClients: boolean = false;

  @IsIn(AUTHORIZATION_FORMS)
  @Setting({
    label: { pt: 'Forma de autenticação', en: 'Authorization header' },
    help: { pt: 'Como a licença espera o token.', en: 'How the licence expects the token.' },
  })
  authorization: (typeof AUTHORIZATION_FORMS)[number] = 'raw';

  @IsIn(DATE_FORMATS)
  @Setting({ label: { pt: 'Formato de data', en: 'Date format' } })
  dateFormat: (typeof DATE_FORMATS)[number] = 'DD/MM/YYYY';

  @IsIn(RECONCILIATIONS)
  @Setting({
    label: { pt: 'Conferência com o CustomerX', en: 'Reconciliation with CustomerX' },
    help: {
      pt: 'Lê os títulos de volta e lista o que falta, sobra ou difere.',
      en: 'Reads the titles back and lists what is missing, extra or different.',
    },
  })
  reconcile: (typeof RECONCILIATIONS)[number] = 'off';

  @IsIn(TRACKINGS)
  @Setting({
    label: { pt: 'Rastreamento', en: 'Tracking' },
    help: {
      pt: 'per-settlement: um evento por baixa; per-run: um por execução que enviou algo. Pede Credential e Chave.',
      en: 'per-settlement: one event per settlement; per-run: one per run that sent something. Needs Credential and Key.',
    },
  })
  tracking: (typeof TRACKINGS)[number] = 'none';

  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  @Setting({
    label: { pt: 'Endereço da API de rastreamento', en: 'Tracking API URL' },
    shownWhen: WHILE_TRACKING,
  })
  trackerUrl: string = 'https://tracker.customerx.com.br';

  @IsString()
  @Length(1, 60)
  @Setting({ label: { pt: 'Tipo de rastreamento', en: 'Tracking type' }, shownWhen: WHILE_TRACKING })
  trackingType: string = 'baixa';

  /** A run is of a whole company; CustomerX counts a tracking for one client. */
  @ValidateIf(tracksRuns)
  @IsString()
  @Length(1, 60)
  @Setting({
    label: { pt: 'Cliente do rastreamento por execução', en: 'Client of the tracking per run' },
    help: { pt: 'external_id_client para o qual a execução conta.', en: 'external_id_client the run counts for.' },
    shownWhen: { setting: 'tracking', equals: 'per-run' },
  })
  trackingClient?: string;

  @IsOptional()
  @IsString()
  @Length(1, 60)
  @Setting({
    label: { pt: 'Identificador do rastreamento', en: 'Tracking identifier' },
    help: { pt: 'Vazio: número e parcela do título.', en: 'Empty: number and installment of the title.' },
    shownWhen: WHILE_TRACKING,
  })
  trackingIdentifier?: string;

  @IsOptional()
  @IsEmail()
  @Setting({ label: { pt: 'E-mail do rastreamento', en: 'Tracking e-mail' }, shownWhen: WHILE_TRACKING })
  trackingEmail?: string;
}

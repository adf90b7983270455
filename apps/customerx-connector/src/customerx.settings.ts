import { IsBoolean, IsIn, IsOptional } from 'class-validator';
import { PartnerSettings } from '#libs/connector-kit';
import type { Secret } from '#libs/runtime';
import { Setting } from '#libs/settings';

export const AUTHORIZATION_FORMS = ['raw', 'bearer', 'api_key'] as const;
export const DATE_FORMATS = ['DD/MM/YYYY', 'YYYY-MM-DD'] as const;

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

  @IsOptional()
  @Setting({
    label: { pt: 'Credential', en: 'Credential' },
    help: { pt: 'Da API de rastreamento.', en: 'Of the tracking API.' },
    secret: true,
  })
  credential?: Secret;

  @IsOptional()
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
  })
  businessUnitAsClient: boolean = false;

  @IsIn(AUTHORIZATION_FORMS)
  @Setting({
    label: { pt: 'Forma de autenticação', en: 'Authorization header' },
    help: { pt: 'Como a licença espera o token.', en: 'How the licence expects the token.' },
  })
  authorization: (typeof AUTHORIZATION_FORMS)[number] = 'raw';

  @IsIn(DATE_FORMATS)
  @Setting({ label: { pt: 'Formato de data', en: 'Date format' } })
  dateFormat: (typeof DATE_FORMATS)[number] = 'DD/MM/YYYY';
}

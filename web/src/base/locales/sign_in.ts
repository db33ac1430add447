/** What only the sign-in form says, in every language: the buyer's page never loads it. */
export const signInWords = {
  en: {
    code: 'Code from your authenticator app',
    code_hint: 'Six digits. Lost your phone? Enter one of your recovery codes.',
    wrong_code: 'That code is not right, or was used already. Enter the one shown now.',
    forgot: 'Forgot your password?',
  },
  'zh-Hans': {
    code: '身份验证器中的验证码',
    code_hint: '六位数字。手机丢失？请输入一个恢复码。',
    wrong_code: '验证码不正确或已使用过。请输入当前显示的验证码。',
    forgot: '忘记密码？',
  },
  es: {
    code: 'Código de su aplicación de autenticación',
    code_hint: 'Seis cifras. ¿Ha perdido el teléfono? Escriba un código de recuperación.',
    wrong_code: 'Ese código no es correcto o ya se ha usado. Escriba el que aparece ahora.',
    forgot: '¿Ha olvidado su contraseña?',
  },
  de: {
    code: 'Code aus Ihrer Authenticator-App',
    code_hint: 'Sechs Ziffern. Telefon verloren? Geben Sie einen Wiederherstellungscode ein.',
    wrong_code: 'Dieser Code stimmt nicht oder wurde schon benutzt. Geben Sie den jetzt angezeigten ein.',
    forgot: 'Passwort vergessen?',
  },
} as const;

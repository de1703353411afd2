/** Which share of a certificate's life may pass before it is renewed, give or take a tenth of that. */
export const renewalShare = 0.5

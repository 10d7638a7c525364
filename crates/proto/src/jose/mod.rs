//! JSON Web Keys, Signatures and Tokens.

/* SPDX-License-Identifier: Apache-2.0 */
/* An FCM provider for fuzz targets, from a file with a service account that was made for tests. */
#ifndef TESTS_FUZZ_FUZZ_PUSH_FCM_H
#define TESTS_FUZZ_FUZZ_PUSH_FCM_H

#include "push/provider.h"

/* NULL: refused; the reason is in *fault. */
struct tg_push_provider *fuzz_fcm_open(struct tg_bytes account, struct tg_fault *fault);

#define FUZZ_FCM_ACCOUNT                                                                           \
    "{\"type\": \"service_account\", \"project_id\": \"p-1\", \"private_key_id\": \"0123\", \""    \
    "private_key\": \"-----BEGIN PRIVATE KEY-----\\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASC"              \
    "BKgwggSkAgEAAoIBAQCpadOceK2vgLdN\\ni68Fvq+ZFPEj67cQtlLr67lAuDNy0LtNBq9bsbqovf"                \
    "v+ehZ1dAeQEhxVpMobghyS\\n211fiazc4wgxyf5OIfJN8Lb5sHGH8FdSp1E/2urCWhN0bNEydkwd"                \
    "mpxnu/9z3YTJ\\nklwSCa6/YWoI1eAspCWcAPvVjn9kXf8uDoeStVUoCdUBXVC4aRloyN4z2KL6R3"                \
    "xj\\nv062hU8E3hrWG9ra4Bd+lIWHCYTaq2JUd4VPcUjU1fWJxeX/Fn9sGtPTjKo87cV+\\n5mdc9V"               \
    "ZWhG+0EvjBrxBj+cc8d66AQqD8EEskKakbjHBYLAmo2EelJ9QQFeI/uzOu\\nB3dniA2HAgMBAAEC"                \
    "ggEAQeJNEGoCKeGl57tt+o743VC+otiVniM5xlQq/Fdmcr1o\\nSgFSixdoXx1bddDnERBprIbOjC"                \
    "QFEYOdNyOmgXQaTODiG/LROnOLNvJpRltvG43F\\nd/hn6axqZeD/9eQnyzckTNMHBnSfWOEKNhX8"                \
    "RmuLkRQCV6NNhi7kDXJ4fcnoExC1\\nAflzer1NTUhwmSaJSHQSRI3s2V/VNWPLpLCetmUaQt2IkB"                \
    "XKMXX5OqsFTEETYaBK\\nLJpyseEJ6rlcRTaR7KJ7ZNZaDmlcW8CNmumT/yRHlFyVDE+DH1mBxHoF"                \
    "0OB1D5Mc\\neWIaYD0/tu8diO6hehwPHniHsckLAxUkAr5Lsg820QKBgQDY8lPzU7SvwSd0keg3\\n"               \
    "DG1FHOaNWqCffD2gvFUhPjCkYLPmIv7Aa39pFgqFoa/5C/eTmqXRC9o1SuhN7dKA\\nNMhIxwsugA"                \
    "Cb9HiBSD6bVWlkOdm9bBY8oAYY/gCJpzN6mNjOEjLzuc4ukFalLZvD\\nxVCejYPtOV9C8A+MqEBR"                \
    "U0/trwKBgQDH6P/Cid16/7Yh8ZIGC5eZgrv2ZXDg+k6X\\nUUWaJkztA7qPCtE5vaGkIGXrsahq/E"                \
    "wC6EIG59FV5OCETC4lQ20UVIISa5bLpdTD\\nsQinytX+0ljccDgfaT1cOTpqUlFzrNVEhSJbyAO2"                \
    "NI8xjDaDQJNE/DPgJWIcfhV3\\n9LrHnlRrqQKBgQDAYYPYjy33fQ2D7a9CwZ5UX2CDkQ5G32G3G8"                \
    "tSA1gXLDnbpsTJ\\n1YnSol0KS2tFKjuNhOHuEtiZ0adXE8JLNoM1Jmzf+1qO8ae63VnHXWJsInDX"                \
    "7PV7\\nJVzC5NuNNdwMp2X6t2C/iNExsYVkTKGIZX0sXMnUn7++GCtxy/HdLEgAuQKBgFtp\\noApF"               \
    "IJHt/ErpO+ynwFrh/TFekY9O5kErWLh0axi2a8idGa9dl1yFtBVi17CUTe3G\\nZurhdkfgsQnODA"                \
    "veGTMCsbfamsnkurYBbgPMLK6pYRjr973lUbmqMZwMqFJM5fi/\\nKEbv30KiJhhyFTtPfAg/izkj"                \
    "3wlIXmjL79z3+YKBAoGBAJeeZe8qSMRtU6vl/ixu\\niU9rvUqST82FKwduCdLW4a0aG9eRryAI1Z"                \
    "e6UEQ4pVFNCEOukaC3wK7UcgNetQKc\\nTBUf4ybAhqM4jL8lZ9Qsn86Mav0oZU3S1PeBroe3UpsN"                \
    "CPG2qrigk2AMiqjluHii\\nitUx2dbiM7+sRbAH/NxkQEaS\\n-----END PRIVATE KEY-----\\n\""             \
    ", \"client_email\": \"push@p-1.example\", \"client_id\": \"1\", \"token_uri\": \"https:"      \
    "//oauth2.example/token\"}"

#endif
